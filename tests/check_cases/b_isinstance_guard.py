import time
class Repo:
    def load(self): time.sleep(1)
class Cache:
    def load(self): return {}
async def handler(source, other):
    if not isinstance(source, (Repo,)):
        raise TypeError(source)
    assert isinstance(other, Cache)
    other.load()
    return source.load()  # error: LL101
