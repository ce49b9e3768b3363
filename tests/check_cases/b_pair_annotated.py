import time
class Extras:
    def use(self): time.sleep(1)
def make(): ...
async def pair() -> tuple[int, Extras | None]: return make()
def several() -> tuple[Extras, ...]: return make()
async def handler():
    _, extras = await pair()
    extras.use()  # error: LL101
    (await pair())[1].use()  # error: LL101
    for one in several():
        one.use()  # error: LL101
