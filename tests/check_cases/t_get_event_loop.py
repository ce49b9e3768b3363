import asyncio
from asyncio import get_event_loop
async def handler():
    loop = asyncio.get_event_loop()  # error: LL308
    return loop, get_event_loop()  # error: LL308
class Service:
    async def go(self):
        await asyncio.get_event_loop().run_in_executor(None, print)  # error: LL308
