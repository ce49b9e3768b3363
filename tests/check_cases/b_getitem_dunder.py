import requests
class Remote:
    def __getitem__(self, key):
        return requests.get(f"http://store/{key}").text
remote = Remote()
async def handler():
    return remote["a"]  # error: LL101
