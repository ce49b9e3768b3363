import redis.asyncio
class Cache:
    def __init__(self, client):
        self._client = client
    async def read(self, key):
        return await self._client.get(key)
cache = Cache(redis.asyncio.Redis())
