from fastapi import BackgroundTasks, FastAPI
app = FastAPI()
async def send(*things): ...
@app.post("/a")
async def a(tasks: BackgroundTasks, order_id: int):
    tasks.add_task(send, order_id)
