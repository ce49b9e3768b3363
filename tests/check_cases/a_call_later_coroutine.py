import asyncio
async def work(): ...
async def handler():
    asyncio.get_running_loop().call_later(1, work)  # error: LL207
