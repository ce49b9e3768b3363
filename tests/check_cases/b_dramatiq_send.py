import dramatiq
@dramatiq.actor
def mail(to): ...
@dramatiq.actor(max_retries=3)
def post(to): ...
async def handler():
    mail.send("a")  # error: LL101
    post.send("b")  # error: LL101
