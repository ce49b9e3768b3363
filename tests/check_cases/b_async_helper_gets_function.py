import time
def slow(): time.sleep(1)
async def call(fn):
    return fn()  # error: LL101
async def handler():
    return await call(slow)
