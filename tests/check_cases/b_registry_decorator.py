import time
TASKS = {}
def task(name):
    def register(fn):
        TASKS[name] = fn
        return fn
    return register
@task("slow")
def slow():
    time.sleep(1)
async def run(name):
    TASKS[name]()  # error: LL101
