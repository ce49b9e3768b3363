import asyncio
async def work(): ...
async def handler():
    asyncio.get_running_loop().create_task(work())  # error: LL206
