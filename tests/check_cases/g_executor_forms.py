import asyncio, time
from concurrent.futures import ThreadPoolExecutor
def slow(n=0): time.sleep(1)
class Jobs:
    def __init__(self):
        self.pool = ThreadPoolExecutor()
    async def one(self):
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self.pool, slow)
        await asyncio.gather(*[loop.run_in_executor(self.pool, slow, n) for n in range(3)])
        await asyncio.gather(*(asyncio.to_thread(slow, n) for n in range(3)))
