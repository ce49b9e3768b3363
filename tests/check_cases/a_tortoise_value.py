from tortoise.models import Model
class User(Model): ...
async def handler(user_id):
    user = User.get(id=user_id)
    if user.name:  # error: LL205
        return 1
    if User.filter(id=user_id).exists():  # error: LL205
        return 2
    count = User.all().count()
    return count + 1  # error: LL205
