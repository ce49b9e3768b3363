async def ok(): return True
async def handler(x):
    if x and ok():  # error: LL205
        return 1
