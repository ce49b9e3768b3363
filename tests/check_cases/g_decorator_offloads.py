import asyncio, functools, time
def in_thread(fn):
    @functools.wraps(fn)
    async def wrapper(*args, **kwargs):
        return await asyncio.to_thread(fn, *args, **kwargs)
    return wrapper
@in_thread
def slow(): time.sleep(1)
async def handler():
    await slow()
