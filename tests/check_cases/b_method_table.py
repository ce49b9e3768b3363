import time
class Machine:
    def __init__(self):
        self.table = {"stop": self.stop}
    def stop(self):
        time.sleep(1)
    async def handle(self, word):
        self.table[word]()  # error: LL101
