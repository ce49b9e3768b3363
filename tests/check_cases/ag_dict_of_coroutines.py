import asyncio
async def work(n): ...
async def handler():
    jobs = {"a": work(1), "b": work(2)}
    return dict(zip(jobs, await asyncio.gather(*jobs.values())))
