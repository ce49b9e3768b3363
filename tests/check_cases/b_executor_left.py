import time
from concurrent.futures import ThreadPoolExecutor
def work(n): time.sleep(n)
async def handler():
    with ThreadPoolExecutor() as ex:  # error: LL101
        ex.submit(work, 1)
    return "done"
