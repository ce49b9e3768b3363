import asyncio
async def work(n): ...
async def handler(numbers):
    [asyncio.create_task(work(n)) for n in numbers]  # error: LL206
