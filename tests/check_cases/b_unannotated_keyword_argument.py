import redis
class Cache:
    def __init__(self, *, client=None):
        self._client = client
    async def read(self, key):
        return self._client.get(key)  # error: LL101
def make():
    client = redis.Redis()
    return Cache(client=client)
