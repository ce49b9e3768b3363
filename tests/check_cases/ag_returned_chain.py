from typing import Awaitable
async def load(): return 1
def later() -> Awaitable[int]: return load()
def lazily(): return later()
async def handler(): return await lazily()
