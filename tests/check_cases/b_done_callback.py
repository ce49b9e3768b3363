import asyncio, time
def finished(task): time.sleep(1)  # error: LL101
async def handler(job):
    task = asyncio.create_task(job)
    task.add_done_callback(finished)
    await task
