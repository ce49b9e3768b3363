async def ok(x): return True
async def handler(items):
    return [item for item in items if ok(item)]  # error: LL205
