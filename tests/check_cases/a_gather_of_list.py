import asyncio
async def work(n): ...
async def handler():
    asyncio.gather(*[work(n) for n in range(3)])  # error: LL206
