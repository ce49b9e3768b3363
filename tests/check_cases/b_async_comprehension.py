import requests
async def ids():
    yield 1
async def handler():
    return [requests.get(f"/{number}") async for number in ids()]  # error: LL101
