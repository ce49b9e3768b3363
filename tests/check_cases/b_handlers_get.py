import time
def slow(): time.sleep(1)
def fast(): ...
TABLE = {"slow": slow}
async def run(name):
    TABLE.get(name, fast)()  # error: LL101
