import time
from asgiref.sync import sync_to_async
@sync_to_async
def slow(): time.sleep(1)
def other(): time.sleep(1)
async def handler():
    await slow()
    await sync_to_async(other)()
    await sync_to_async(lambda: other())()
