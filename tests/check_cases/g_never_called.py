import time
def slow(): time.sleep(1)
async def handler():
    return slow
