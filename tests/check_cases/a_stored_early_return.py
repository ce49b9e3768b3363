async def load(): return 1
async def handler(names):
    data = load()  # error: LL204
    if not names:
        return []
    return [await data]
