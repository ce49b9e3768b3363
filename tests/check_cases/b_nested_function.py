import time
async def handler():
    def pause():
        time.sleep(1)
    pause()  # error: LL101
