import anyio, time
from anyio import to_thread
def slow(): time.sleep(1)
async def handler():
    await to_thread.run_sync(slow)
    async with anyio.create_task_group() as group:
        group.start_soon(to_thread.run_sync, slow)
