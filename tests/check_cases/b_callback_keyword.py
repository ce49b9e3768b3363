import time
def slow(x): time.sleep(x)
def each(items, *, action):
    return [action(item) for item in items]
async def handler():
    each([1], action=slow)  # error: LL101
