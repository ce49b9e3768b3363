import redis
def clients():
    return redis.Redis(), "name"
async def handler():
    cache, name = clients()
    return cache.get(name)  # error: LL101
