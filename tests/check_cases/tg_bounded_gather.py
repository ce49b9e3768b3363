import asyncio
places = asyncio.Semaphore(3)
NUMBERS = [1, 2, 3]
async def fetch(number):
    async with places:
        return number
async def plain(number): return number
async def handler(numbers):
    await asyncio.gather(*[fetch(number) for number in numbers])
    await asyncio.gather(*[plain(number) for number in NUMBERS])
    await asyncio.gather(*[plain(number) for number in numbers[:5]])
    await asyncio.gather(*[plain(number) for number in range(3)])
    await asyncio.gather(plain(1), plain(2))
async def probed():
    probes: list[tuple[str, int]] = [("a", 1), ("b", 2)]
    probes.append(("c", 3))
    await asyncio.gather(*(plain(number) for _, number in probes))
    named = {"a": 1, "b": 2}
    await asyncio.gather(*[plain(number) for number in named.values()])
kinds = ("a", "b")
async def by_kind(wanted):
    chosen = [kind for kind in kinds if kind in wanted]
    await asyncio.gather(*[plain(kind) for kind in chosen])
