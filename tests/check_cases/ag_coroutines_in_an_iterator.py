import asyncio
async def send(to):
    await asyncio.sleep(0)
async def each(names):
    for name, sending in zip(names, [send(one) for one in names]):
        await sending
    for number, sending in enumerate([send(one) for one in names]):
        await sending
    for sending in map(send, names):
        await sending
    await asyncio.gather(*map(send, names))
