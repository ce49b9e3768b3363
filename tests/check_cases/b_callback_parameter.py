import time
def slow(): time.sleep(1)
def retrying(action):
    for _ in range(3):
        action()
async def handler():
    retrying(slow)  # error: LL101
