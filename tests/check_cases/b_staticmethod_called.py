import time
class Clock:
    @staticmethod
    def tick():
        time.sleep(1)
async def handler():
    Clock.tick()  # error: LL101
