import asyncio
async def work(): ...
async def handler():
    asyncio.wait_for(work(), 1)  # error: LL201
