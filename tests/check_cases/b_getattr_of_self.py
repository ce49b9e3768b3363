import time
class Machine:
    def do_stop(self): time.sleep(1)
    async def handle(self, word):
        getattr(self, f"do_{word}")()  # error: LL101
