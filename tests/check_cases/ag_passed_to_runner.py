import asyncio
async def work(): ...
async def limited(semaphore, job):
    async with semaphore:
        return await job
async def handler():
    await limited(asyncio.Semaphore(2), work())
