import requests
async def handler():
    with requests.Session() as session:
        return session.get("http://x")  # error: LL101
