from asyncio import ensure_future
async def work(n): ...
async def handler(numbers):
    {n: ensure_future(work(n)) for n in numbers}  # error: LL206
    kept = [ensure_future(work(n)) for n in numbers]
    for one in kept:
        await one
