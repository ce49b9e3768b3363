from typing import Generic, TypeVar
import redis
C = TypeVar("C")
class Base(Generic[C]):
    client: C
class Store(Base[redis.Redis]):
    async def get(self):
        return self.client.get("k")  # error: LL101
