async def fetch(n): return n
async def handler():
    xs = [fetch(n) for n in range(3)]  # error: LL204
    return len(xs)
