import requests
def pages():
    yield requests.get("http://one")
def all_pages():
    yield from pages()
async def handler():
    for page in all_pages():  # error: LL101
        print(page)
