from typing import Annotated
from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
maker = async_sessionmaker()
app = FastAPI()
async def session():
    async with maker() as one:
        yield one
        await one.commit()
async def reader():
    async with maker() as one:
        yield one
@app.get("/")
async def handler(
    db: Annotated[AsyncSession, Depends(session, scope="function")], other: Annotated[AsyncSession, Depends(reader)]
): ...
