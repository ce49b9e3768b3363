import time
from fastapi import BackgroundTasks, FastAPI
app = FastAPI()
def mail(): time.sleep(1)
@app.get("/")
async def handler(tasks: BackgroundTasks):
    tasks.add_task(mail)
