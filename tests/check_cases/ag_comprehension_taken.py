import asyncio
async def fetch(n): return n
async def handler(names):
    xs = [fetch(name) for name in names]
    if not xs:
        return []
    print(len(xs))
    return await asyncio.gather(*xs)
async def in_turn(names):
    xs = [fetch(name) for name in names]
    return [await one for one in xs]
