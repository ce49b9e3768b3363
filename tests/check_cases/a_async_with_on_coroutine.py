async def connect(): ...
async def handler():
    async with connect() as connection:  # error: LL205
        return connection
