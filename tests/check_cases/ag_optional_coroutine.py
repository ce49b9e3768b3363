async def load(): return 1
async def handler(full):
    job = load() if full else None
    if job is not None:
        return await job
    return None
