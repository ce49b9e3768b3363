async def load() -> int: return 1
async def total() -> int:
    return load()  # error: LL202
