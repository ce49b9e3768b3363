import asyncio
async def work(): ...
async def handler(other):
    task = asyncio.create_task(work())
    try:
        await other()
    finally:
        task.cancel()
