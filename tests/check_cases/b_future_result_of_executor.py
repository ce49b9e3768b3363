from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(4)
def work(n): return n
async def total():
    return pool.submit(work, 1).result()  # error: LL101
