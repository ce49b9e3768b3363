import asyncio, requests
def load(): return requests.get("http://x")
def store(data): ...
async def handler():
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, store, load())  # error: LL101
