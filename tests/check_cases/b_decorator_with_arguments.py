import functools, time
def retry(times):
    def decorate(fn):
        @functools.wraps(fn)
        def wrapper(*args, **kwargs):
            for _ in range(times):
                try:
                    return fn(*args, **kwargs)
                except OSError:
                    time.sleep(1)
        return wrapper
    return decorate
@retry(times=3)
def read(): return 1
async def handler():
    return read()  # error: LL101
