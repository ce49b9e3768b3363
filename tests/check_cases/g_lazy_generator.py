import requests
def pages():
    yield requests.get("http://x")
async def handler():
    return pages()
