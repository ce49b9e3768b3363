import asyncio
async def work(): ...
async def handler():
    asyncio.ensure_future(work())  # error: LL206
