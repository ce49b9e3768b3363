import time
class Remote:
    def key(self):
        time.sleep(1)
class Far:
    def key(self):
        time.sleep(2)
class Local:
    def key(self):
        return b""
def provider(production):
    if production:
        return Remote()
    return Local()
def remote(near):
    return Remote() if near else Far()
async def handler(production):
    provider(production).key()  # error: LL101
    remote(production).key()  # error: LL101
