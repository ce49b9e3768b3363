import atexit
from concurrent.futures import ProcessPoolExecutor
from fastapi import FastAPI
app = FastAPI()
pool = ProcessPoolExecutor(2)
atexit.register(pool.shutdown)  # error: LL309
@app.get("/")
async def handler(): ...
