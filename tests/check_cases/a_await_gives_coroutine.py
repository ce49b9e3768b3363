async def fetch(): return 1
async def outer(): return fetch()
async def handler():
    return (await outer()) + 1  # error: LL205
