import asyncio
import concurrent.futures
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor()
def work(): ...
async def first():
    future = pool.submit(work)
    await asyncio.wait([asyncio.wrap_future(future)])
    return future.result()
async def second():
    futures = [pool.submit(work)]
    await asyncio.gather(*(asyncio.wrap_future(one) for one in futures))
    return [one.result() for one in futures]
async def third():
    future = pool.submit(work)
    try:
        await asyncio.wait_for(asyncio.wrap_future(future), 1)
    except TimeoutError:
        return None
    return future.result()
