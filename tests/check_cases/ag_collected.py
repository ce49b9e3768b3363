import asyncio
async def work(n): ...
async def handler():
    jobs = []
    for n in range(3):
        jobs.append(work(n))
    await asyncio.gather(*jobs)
