import time
from fastapi import BackgroundTasks, FastAPI
app = FastAPI()
def fetch(name):
    time.sleep(1)
    return name
class Report:
    def __init__(self):
        self.id = None
        self.rows = None
        self.text = None
    def begin(self):
        self.id = fetch("id")
        return self.id
    def load(self):
        self.rows = fetch("rows")
    def read(self):
        self.text = fetch("text")
    def forget(self):
        self.text = None
    async def run(self):
        if self.id is None:
            self.begin()
        if not self.rows:
            self.load()  # error: LL101
        if self.text is None:
            self.read()  # error: LL101
@app.post("/")
def start(tasks: BackgroundTasks):
    report = Report()
    report.read()
    report.forget()
    report.begin()
    tasks.add_task(report.run)
class Server:
    def __init__(self):
        self.is_stopping = False
    def stop(self):
        if self.is_stopping:
            return
        self.is_stopping = True
        time.sleep(1)
    async def serve(self):
        if self.is_stopping:
            return
        self.is_stopping = True
        time.sleep(1)  # error: LL101
shared = Report()
@app.get("/shared")
async def show():
    if shared.rows is None:
        shared.load()  # error: LL101
    return shared.rows
@app.get("/twice")
async def twice():
    report = Report()
    report.begin()  # error: LL101
    await report.run()
    return report.id
@app.get("/server")
async def server():
    one = Server()
    one.stop()  # error: LL101
    one.stop()
    await Server().serve()
