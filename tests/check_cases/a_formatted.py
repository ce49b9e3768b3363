async def name(): return "x"
async def handler():
    return f"hello {name()}"  # error: LL205
