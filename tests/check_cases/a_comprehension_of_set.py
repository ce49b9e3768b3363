async def fetch(n): return n
async def handler(names):
    waiting = {fetch(name) for name in names}  # error: LL204
    print(len(waiting))
