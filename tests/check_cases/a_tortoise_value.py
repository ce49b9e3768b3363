from tortoise.models import Model
class User(Model): ...
async def handler(user_id):
    if User.filter(id=user_id).exists():  # error: LL205
        return 2
    if not User.get_or_none(id=user_id):  # error: LL205
        return 3
    count = User.all().count()
    return count + 1  # error: LL205
