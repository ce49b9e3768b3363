async def load(): return 1
async def handler():
    job = load()
    job.close()
