import asyncio
from fastapi import FastAPI
app = FastAPI()
async def one(key): return 1
async def all_of(keys):
    found = []
    for key in keys:
        found.append(one(key))
    return await asyncio.gather(*found)
@app.get("/")
async def handler(keys: str):
    found = []
    for key in keys:
        found.append(await one(key))
    return found
