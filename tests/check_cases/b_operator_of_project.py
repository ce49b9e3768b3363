import time
class Step:
    def __rshift__(self, other): return Pipeline()
class Pipeline:
    def run(self): time.sleep(1)
async def handler(first: Step, second: Step):
    (first >> second).run()  # error: LL101
