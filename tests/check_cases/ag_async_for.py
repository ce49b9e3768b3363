async def rows():
    yield 1
async def handler():
    stream = rows()
    async for row in stream:
        print(row)
    return [row async for row in rows()]
