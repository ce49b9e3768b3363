async def ok(x): return True
async def handler(items):
    return any(ok(item) for item in items)  # error: LL207
