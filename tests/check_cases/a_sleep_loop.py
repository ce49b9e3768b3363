import asyncio
class Poller:
    async def run(self):
        while True:
            asyncio.sleep(1)  # error: LL201
