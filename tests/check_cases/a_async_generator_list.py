async def rows():
    yield 1
async def handler():
    for row in rows():  # error: LL205
        print(row)
