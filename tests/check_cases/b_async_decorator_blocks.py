import functools, time
def timed(fn):
    @functools.wraps(fn)
    async def wrapper(*args, **kwargs):
        time.sleep(0.1)  # error: LL101
        return await fn(*args, **kwargs)
    return wrapper
@timed
async def handler(): ...
