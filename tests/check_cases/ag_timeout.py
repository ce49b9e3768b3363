import asyncio
async def work(): ...
async def handler():
    async with asyncio.timeout(1):
        await work()
