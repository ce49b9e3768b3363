import functools
async def send(to, text): ...
notify = functools.partial(send, "me")
async def handler():
    notify("x")  # error: LL201
