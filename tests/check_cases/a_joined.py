async def names(): return []
async def handler():
    return ", ".join(names())  # error: LL207
