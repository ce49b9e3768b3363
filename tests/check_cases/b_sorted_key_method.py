import time
class Rank:
    def of(self, item):
        time.sleep(0.1)
        return item
rank = Rank()
async def handler(items):
    return sorted(items, key=rank.of)  # error: LL101
