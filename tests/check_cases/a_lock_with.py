import asyncio
lock = asyncio.Lock()
async def handler():
    with lock:  # error: LL205
        pass
