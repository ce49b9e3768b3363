async def save(): ...
async def outer(): return save()
async def handler():
    await outer()  # error: LL201
    await (await outer())
