from fastapi.concurrency import run_in_threadpool
class Service:
    async def load(self): ...
async def handler(service: Service):
    return await run_in_threadpool(service.load)  # error: LL207
