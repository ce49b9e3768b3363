import asyncio
async def fetch(): return 1
async def other(): return 2
async def handler():
    a, b, c = fetch(), other(), 3
    first, second = fetch(), other()  # error: LL204
    async with asyncio.TaskGroup() as group:
        group.create_task(second)
    return await asyncio.gather(a, b), c
