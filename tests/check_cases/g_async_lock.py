import asyncio
lock = asyncio.Lock()
queue: asyncio.Queue[int] = asyncio.Queue()
async def handler():
    async with lock:
        queue.put_nowait(1)
        return await queue.get()
