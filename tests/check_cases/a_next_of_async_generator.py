async def rows():
    yield 1
async def handler():
    first = next(rows())  # error: LL205
    return list(rows()), first  # error: LL205
