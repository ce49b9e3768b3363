import asyncio
async def work(): ...
def main():
    loop = asyncio.new_event_loop()
    loop.run_until_complete(work())
    asyncio.Runner().run(work())
