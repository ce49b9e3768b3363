async def load(): return 1
async def handler(full):
    if full:
        job = load()
    if full:
        return await job
    return None
