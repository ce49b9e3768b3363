async def handler():
    import time
    time.sleep(1)  # error: LL101
