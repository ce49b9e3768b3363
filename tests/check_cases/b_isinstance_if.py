import time
class Repo:
    def load(self): time.sleep(1)
async def handler(source):
    if isinstance(source, Repo):
        return source.load()  # error: LL101
    return source
