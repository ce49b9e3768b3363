import asyncio
async def handler(event: asyncio.Event):
    event.wait()  # error: LL201
