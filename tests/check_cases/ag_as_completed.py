import asyncio
async def fetch(n): return n
async def handler():
    for c in asyncio.as_completed([fetch(n) for n in range(3)]):
        print(await c)
    tasks = [asyncio.create_task(fetch(n)) for n in range(3)]
    return [await one for one in asyncio.as_completed(tasks)]
