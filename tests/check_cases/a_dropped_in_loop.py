async def send(name): ...
async def handler(names):
    for name in names:
        send(name)  # error: LL201
