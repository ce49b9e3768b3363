class Connection:
    async def __aenter__(self): return self
    async def __aexit__(self, *error): ...
async def handler():
    with Connection() as connection:  # error: LL205
        return connection
