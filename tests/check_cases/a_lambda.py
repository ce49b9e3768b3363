async def send(to): ...
notify = lambda: send("me")
async def handler():
    notify()  # error: LL201
