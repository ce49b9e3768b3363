import time
class Slow:
    def put(self): time.sleep(1)
class Fast:
    def put(self): ...
def make(kind):
    if kind == "slow":
        return Slow()
    return Fast()
async def handler(kind):
    make(kind).put()  # error: LL101
