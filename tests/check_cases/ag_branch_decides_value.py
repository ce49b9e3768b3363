from somewhere import cached
async def fetch(): return 1
async def first(quick):
    value = fetch() if not quick else cached()
    if quick:
        return value + 1
    return await value
async def second(quick):
    value = 0
    if not quick:
        value = fetch()
    return value + 1 if quick else await value
