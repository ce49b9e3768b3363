import asyncio
async def work(n): ...
async def handler(numbers):
    return await asyncio.gather(*map(work, numbers))
