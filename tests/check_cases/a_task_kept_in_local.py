import asyncio
async def work(): ...
async def handler():
    task = asyncio.create_task(work())  # error: LL206
    return 1
