from concurrent.futures import ProcessPoolExecutor
from fastapi import FastAPI
app = FastAPI()
workers = ProcessPoolExecutor()  # error: LL309
@app.get("/")
async def handler(): ...
