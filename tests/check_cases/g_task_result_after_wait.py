import asyncio
async def work(): return 1
async def handler():
    tasks = [asyncio.create_task(work()) for _ in range(3)]
    done, pending = await asyncio.wait(tasks)
    return [task.result() for task in done]
