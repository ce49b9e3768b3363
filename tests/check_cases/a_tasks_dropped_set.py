import asyncio
async def work(n): ...
async def handler(numbers):
    loop = asyncio.get_running_loop()
    {loop.create_task(work(n)) for n in numbers if n}  # error: LL206
