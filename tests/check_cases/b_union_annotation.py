import time
class Slow:
    def put(self): time.sleep(1)
class Fast:
    def put(self): ...
async def handler(store: Slow | Fast):
    store.put()  # error: LL101
