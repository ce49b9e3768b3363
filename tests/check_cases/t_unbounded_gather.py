import asyncio
from fastapi import FastAPI
app = FastAPI()
async def fetch(number): return number
@app.post("/")
async def handler(numbers: list[int]):
    return await asyncio.gather(*[fetch(number) for number in numbers])  # error: LL305
async def mapped(numbers):
    return await asyncio.gather(*map(fetch, numbers))  # error: LL305
async def named(numbers):
    tasks = [fetch(number) for number in numbers]
    return await asyncio.gather(*tasks)  # error: LL305
