import functools, time
def fetch(host, path):
    time.sleep(1)
get_status = functools.partial(fetch, "example.org")
async def handler():
    return get_status("/status")  # error: LL101
