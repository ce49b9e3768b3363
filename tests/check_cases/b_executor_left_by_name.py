from concurrent.futures import ThreadPoolExecutor
def work(n): return n
async def handler(numbers):
    pool = ThreadPoolExecutor()
    with pool:  # error: LL101
        pool.map(work, numbers)
