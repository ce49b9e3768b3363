import requests
def make():
    session = requests.Session()
    async def handler():
        return session.get("http://x")  # error: LL101
    return handler
