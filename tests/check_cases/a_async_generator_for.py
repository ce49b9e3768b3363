async def rows():
    yield 1
async def handler():
    return [row for row in rows()]  # error: LL205
