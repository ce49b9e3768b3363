import asyncio
async def fetch(): return 1
async def handler():
    a, b = fetch(), fetch()  # error: LL204
    return await asyncio.gather(a)
