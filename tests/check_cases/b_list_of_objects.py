import time
class Step:
    def run(self): time.sleep(1)
async def handler(steps: list[Step]):
    for step in steps:
        step.run()  # error: LL101
