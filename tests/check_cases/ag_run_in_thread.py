import asyncio
from concurrent.futures import ThreadPoolExecutor
async def fetch(): return 1
def handler():
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, fetch()).result()
async def other():
    return await asyncio.to_thread(asyncio.run, fetch())
