async def load(): return 1
async def handler(full):
    result = None
    if full:
        extra = load()  # error: LL204
        result = 1
    return result
