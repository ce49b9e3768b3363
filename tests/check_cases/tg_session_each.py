import asyncio
from sqlalchemy.ext.asyncio import AsyncSession
async def orders(session): return []
async def one(first: AsyncSession, second: AsyncSession):
    return await asyncio.gather(orders(first), orders(second))
async def two(sessions: list[AsyncSession]):
    return await asyncio.gather(*[orders(session) for session in sessions[:3]])
