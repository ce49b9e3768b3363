import time
class Held:
    def __enter__(self):
        time.sleep(1)
        return self
    def __exit__(self, *error): ...
async def handler():
    with Held():  # error: LL101
        pass
