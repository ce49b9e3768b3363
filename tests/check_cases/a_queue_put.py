import asyncio
queue = asyncio.Queue()
async def handler(item):
    queue.put(item)  # error: LL201
