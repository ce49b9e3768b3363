class User:
    name = "x"
async def load() -> User: return User()
async def handler():
    return load().name  # error: LL205
