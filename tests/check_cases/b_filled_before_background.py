import time
from fastapi import BackgroundTasks, FastAPI
app = FastAPI()
class Import:
    def __init__(self) -> None:
        self._number: int | None = None
    def number(self) -> int:
        if self._number is None:
            time.sleep(1)
            self._number = 7
        return self._number
    async def run(self) -> None:
        print(self.number())
    async def stop(self) -> None:
        print(self.number())  # error: LL101
@app.post("/imports")
def start(tasks: BackgroundTasks) -> int:
    one = Import()
    number = one.number()
    tasks.add_task(one.run)
    return number
@app.delete("/imports")
def stop(tasks: BackgroundTasks) -> None:
    tasks.add_task(Import().stop)
async def later(one: Import) -> None:
    print(one.number())  # error: LL101
@app.post("/imports/other")
async def start_other(tasks: BackgroundTasks) -> None:
    one = Import()
    tasks.add_task(later, one)
async def fill() -> None:
    print(shared.number())  # error: LL101
shared = Import()
@app.get("/shared")
async def use(tasks: BackgroundTasks) -> int:
    tasks.add_task(fill)
    return shared.number()  # error: LL101
