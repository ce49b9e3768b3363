import time
class Worker:
    def run(self): time.sleep(1)
async def handler():
    action = Worker().run
    action()  # error: LL101
