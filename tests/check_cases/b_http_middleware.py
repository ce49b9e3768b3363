import time
from fastapi import FastAPI, Request
app = FastAPI()
@app.middleware("http")
async def measure(request: Request, call_next):
    time.sleep(0.01)  # error: LL101
    return await call_next(request)
