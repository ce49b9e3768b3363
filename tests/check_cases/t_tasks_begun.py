import asyncio
async def one(name): ...
async def start(names):
    await asyncio.gather(*[asyncio.create_task(one(name)) for name in names])  # error: LL305
    pending = [one(name) for name in names]
    await asyncio.gather(*[each for each in pending])  # error: LL305
