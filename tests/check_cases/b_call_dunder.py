import time
class Slow:
    def __call__(self):
        time.sleep(1)
slow = Slow()
async def handler():
    return slow()  # error: LL101
