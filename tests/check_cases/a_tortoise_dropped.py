from tortoise.models import Model
class User(Model): ...
async def handler(user_id):
    User.filter(id=user_id).delete()  # error: LL201
    User.filter(id=user_id).update(name="x")  # error: LL201
    found = User.filter(id=user_id)
    await found.order_by("id")
