import requests
def words():
    yield requests.get("http://word").text
async def handler():
    return " ".join(words())  # error: LL101
