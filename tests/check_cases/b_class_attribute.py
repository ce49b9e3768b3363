import redis
class Cache:
    client = redis.Redis()
    async def get(self, key):
        return self.client.get(key)  # error: LL101
