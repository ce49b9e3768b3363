import time
from celery import Celery
app = Celery("x")
@app.task(name="slow")
def slow(): time.sleep(1)
async def handler():
    slow()  # error: LL101
def sync_handler():
    slow.delay()
