import time
class Sync:
    def load(self): time.sleep(1)
class Async:
    async def load(self): return 1
async def handler(source: Sync | Async, plain):
    if isinstance(source, Async):
        await source.load()
    if isinstance(plain, Sync):
        return None
    plain.load()
    repo = source
    if isinstance(repo, Sync):
        repo = plain
        return repo.load()
