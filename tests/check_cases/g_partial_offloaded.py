import asyncio, functools, time
def slow(a, b=1): time.sleep(1)
async def handler():
    call = functools.partial(slow, 1, b=2)
    await asyncio.get_running_loop().run_in_executor(None, call)
