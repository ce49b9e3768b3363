import redis
pool = redis.from_url("redis://")
async def handler():
    pipe = pool.pipeline()
    pipe.set("a", 1)
    pipe.execute()  # error: LL101
