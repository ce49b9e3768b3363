async def pair(): return 1, 2
async def handler():
    a, b = pair()  # error: LL205
    return a
