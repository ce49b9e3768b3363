class User:
    @classmethod
    async def find(cls): return cls()
async def handler():
    user = User.find()
    return user.name  # error: LL205
