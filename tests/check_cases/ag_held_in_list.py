import asyncio
from playwright.async_api import Page
class Pages:
    def __init__(self):
        self.kept: list[Page] = []
        self.locks = set()
    def hold(self, page: Page, lock: asyncio.Lock):
        self.kept.append(page)
        self.locks.add(lock)
        self.locks.discard(lock)
async def numbers():
    yield 1
async def handler():
    waiting = []
    waiting.append(numbers())
    for one in waiting:
        async for number in one: print(number)
