import asyncio
async def handler():
    return asyncio.get_running_loop()
def main():
    loop = asyncio.get_event_loop()
    loop.run_until_complete(handler())
