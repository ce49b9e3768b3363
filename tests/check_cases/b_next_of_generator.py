import time
def ticks():
    while True:
        time.sleep(1)
        yield 1
async def handler():
    clock = ticks()
    return next(clock)  # error: LL101
