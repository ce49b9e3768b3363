import time
wait = time.sleep
async def handler():
    wait(1)  # error: LL101
