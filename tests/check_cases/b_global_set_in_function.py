import redis
_client = None
def client():
    global _client
    if _client is None:
        _client = redis.Redis()
    return _client
async def handler():
    return client().get("k")  # error: LL101
