import requests
class Pages:
    def __iter__(self):
        return self
    def __next__(self):
        return requests.get("http://pages")
async def handler():
    for page in Pages():  # error: LL101
        print(page)
