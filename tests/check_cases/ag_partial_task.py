import asyncio, functools
async def work(n): ...
async def handler():
    job = functools.partial(work, 1)
    await job()
    async with asyncio.TaskGroup() as group:
        for n in range(3):
            group.create_task(work(n))
