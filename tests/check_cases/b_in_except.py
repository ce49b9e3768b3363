import requests
async def handler(items):
    try:
        return items[0]
    except IndexError:
        requests.post("http://log")  # error: LL101
