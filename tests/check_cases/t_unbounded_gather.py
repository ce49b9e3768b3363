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
async def grown(numbers):
    found = [1, 2]
    for number in numbers:
        found.append(number)
    await asyncio.gather(*[fetch(number) for number in found])  # error: LL305
    more = {"a": 1}
    more.update(numbers)
    await asyncio.gather(*[fetch(number) for number in more.values()])  # error: LL305
    for group in [numbers, found]:
        await asyncio.gather(*[fetch(number) for number in group])  # error: LL305
registered = []
def register(number): registered.append(number)
async def all_of():
    await asyncio.gather(*[fetch(number) for number in registered])  # error: LL305
