import concurrent.futures
def work(n): return n
def spread(numbers):
    with concurrent.futures.ProcessPoolExecutor(max_workers=2) as pool:
        futures = [pool.submit(work, n) for n in numbers]
    return [one.result() for one in futures if one.done()]
async def handler(numbers):
    return spread(numbers)  # error: LL101
