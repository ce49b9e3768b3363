async def count(): return 1
async def handler():
    return count() + 1  # error: LL205
