from celery import Celery, shared_task
app = Celery("x")
@app.task
def one(): ...
@shared_task(bind=True)
def two(self): ...
@shared_task
def three(): ...
async def handler():
    one.delay()  # error: LL101
    two.apply_async()  # error: LL101
    three.delay()  # error: LL101
