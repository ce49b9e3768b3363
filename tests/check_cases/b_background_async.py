import time
from fastapi import BackgroundTasks, FastAPI
app = FastAPI()
async def mail(to): time.sleep(1)  # error: LL101
@app.post("/")
async def handler(tasks: BackgroundTasks):
    tasks.add_task(mail, "a")
