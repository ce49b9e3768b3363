import time
from starlette.concurrency import run_in_threadpool
class Service:
    async def _off(self, fn, *args):
        return await run_in_threadpool(fn, *args)
    def _slow(self, n): time.sleep(n)
    async def go(self):
        await self._off(self._slow, 1)
        await self._off(lambda: self._slow(2))
