import asyncio
from sqlalchemy.ext.asyncio import AsyncSession
async def orders(session): return []
async def bills(session): return []
async def both(session: AsyncSession):
    return await asyncio.gather(orders(session), bills(session))  # error: LL303
async def each(session: AsyncSession):
    return await asyncio.gather(*[orders(session) for _ in (1, 2, 3)])  # error: LL303
async def methods(session: AsyncSession):
    return await asyncio.gather(session.execute("a"), session.execute("b"))  # error: LL303
