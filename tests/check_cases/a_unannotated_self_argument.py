import asyncio
class Listener:
    def __init__(self, queue):
        self.queue = queue
    async def tell(self, word):
        self.queue.put(word)  # error: LL201
listener = Listener(asyncio.Queue())
