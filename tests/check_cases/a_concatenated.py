async def name(): return "x"
async def handler():
    return "hello " + name()  # error: LL205
