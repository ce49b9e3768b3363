import asyncio
from concurrent.futures import ThreadPoolExecutor
def work(n): return n
async def handler(numbers):
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor() as pool:
        await asyncio.gather(*(loop.run_in_executor(pool, work, n) for n in numbers))
    with ThreadPoolExecutor() as pool:
        return await asyncio.wrap_future(pool.submit(work, 1))
