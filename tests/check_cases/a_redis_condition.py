import redis.asyncio
cache = redis.asyncio.from_url("redis://")
async def handler():
    if cache.exists("k"):  # error: LL205
        return 1
