async def load(): return {"a": 1}
async def handler():
    return load()["a"]  # error: LL205
