import time
from dataclasses import dataclass
from fastapi import APIRouter, BackgroundTasks, Depends
from pydantic import BaseModel
router = APIRouter()
class Request(BaseModel):
    name: str
    descending: bool = False
@dataclass
class Options:
    slow: bool = True
class Store:
    def __init__(self, local=False):
        self.local = local
    def load(self):
        if self.local:
            return 1
        return self.fetched()
    def fetched(self):
        if self.local:
            return 2
        return time.sleep(1)
class Events:
    tasks: BackgroundTasks | None = None
    def __init__(self, tasks: BackgroundTasks | None = None):
        self.tasks = tasks
    def publish(self):
        if self.tasks:
            self.tasks.add_task(self._publish)
        else:
            self._publish()
    def _publish(self):
        time.sleep(1)
    @classmethod
    def of_request(cls, tasks: BackgroundTasks):
        return cls(tasks)
def ascending():
    time.sleep(1)
def poll(request: Request):
    if request.descending:
        return 1
    return ascending()
def polled(request: Request):
    return poll(request)
def wait(options: Options):
    if options.slow:
        time.sleep(1)
async def downwards():
    request = Request(name="x", descending=True)
    return polled(request), poll(Request(name="y", descending=True))
async def upwards(given: Request):
    polled(Request(name="x"))  # error: LL101
    poll(given)  # error: LL101
async def options():
    wait(Options(slow=False))
    wait(Options())  # error: LL101
async def stores(local: bool):
    store = Store(local=True)
    store.load()
    Store(True).fetched()
    Store().load()  # error: LL101
    Store(local).load()  # error: LL101
@router.post("/")
async def by_dependency(events: Events = Depends(Events.of_request)):
    events.publish()
class Controller:
    events: Events = Depends(Events.of_request)
    def publish(self):
        self.events.publish()
    async def create(self):
        self.publish()
async def without():
    Events().publish()  # error: LL101
async def unknown(events: Events):
    events.publish()  # error: LL101
