async def rank(item): return 1
async def handler(items):
    return sorted(items, key=rank)  # error: LL207
