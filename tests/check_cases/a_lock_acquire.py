import asyncio
lock = asyncio.Lock()
async def handler():
    lock.acquire()  # error: LL201
