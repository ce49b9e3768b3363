async def one(): ...
async def two(): ...
async def handler(first):
    if first:
        job = one()
    else:
        job = two()
    return await job
