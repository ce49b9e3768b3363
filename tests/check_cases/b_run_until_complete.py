import asyncio
async def inner(): ...
def sync_wrapper():
    asyncio.new_event_loop().run_until_complete(inner())
async def handler():
    sync_wrapper()  # error: LL102
