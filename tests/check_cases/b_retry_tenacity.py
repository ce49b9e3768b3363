from tenacity import retry, stop_after_attempt, wait_fixed
@retry(wait=wait_fixed(2), stop=stop_after_attempt(3))
def load(n): return n / 0
@retry(stop=stop_after_attempt(3))
def at_once(n): return n / 0
async def handler():
    at_once(1)
    return load(1)  # error: LL101
