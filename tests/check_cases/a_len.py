async def rows(): return []
async def handler():
    return len(rows())  # error: LL207
