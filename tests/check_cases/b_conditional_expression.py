import requests
async def handler(url=None):
    return requests.get(url) if url else None  # error: LL101
