import asyncio, time
def slow(): time.sleep(1)
async def later(value): return value
async def handler():
    await asyncio.gather(later(slow()), later(1))  # error: LL101
