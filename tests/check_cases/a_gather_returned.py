import asyncio
from fastapi import FastAPI
app = FastAPI()
async def one(): return 1
@app.get("/")
async def handler():
    return asyncio.gather(one(), one())  # error: LL202
