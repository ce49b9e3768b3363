import requests
async def handler(session=requests.Session()):
    return session.get("http://x")  # error: LL101
