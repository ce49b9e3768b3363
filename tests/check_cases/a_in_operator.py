async def names(): return []
async def handler(name):
    return name in names()  # error: LL205
