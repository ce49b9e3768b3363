async def ok(x): return True
async def handler(items):
    return list(filter(ok, items))  # error: LL207
