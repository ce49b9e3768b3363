import asyncio
async def work(): ...
def start():
    return asyncio.create_task(work())
async def handler():
    task = asyncio.create_task(work())
    await task
