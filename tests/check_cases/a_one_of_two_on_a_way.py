async def fetch(): return 1
async def handler(quick):
    a, b = fetch(), fetch()  # error: LL204
    if quick:
        return await a
    return await a + await b
