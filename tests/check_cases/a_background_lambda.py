from fastapi import BackgroundTasks, FastAPI
app = FastAPI()
async def mail(to): ...
@app.post("/")
async def handler(tasks: BackgroundTasks):
    tasks.add_task(lambda: mail("a"))  # error: LL207
