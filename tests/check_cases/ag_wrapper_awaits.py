import functools
def logged(fn):
    @functools.wraps(fn)
    async def wrapper(*args):
        return await fn(*args)
    return wrapper
@logged
async def work(): ...
async def handler():
    await work()
