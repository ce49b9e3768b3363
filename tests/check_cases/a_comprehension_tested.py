async def fetch(n): return n
async def handler(names):
    found = {name: fetch(name) for name in names}  # error: LL204
    if not found:
        return None
    return "some"
