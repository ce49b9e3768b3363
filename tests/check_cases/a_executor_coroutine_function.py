import asyncio
async def work(): ...
async def handler():
    await asyncio.get_running_loop().run_in_executor(None, work)  # error: LL207
