import asyncio, time
async def handler():
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: time.sleep(1))  # error: LL101
