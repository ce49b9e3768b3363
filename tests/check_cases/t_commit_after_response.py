from collections.abc import AsyncIterator
from typing import Annotated
from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
maker = async_sessionmaker()
app = FastAPI()
async def session() -> AsyncIterator[AsyncSession]:
    async with maker() as one:
        yield one
        await one.commit()  # error: LL301
@app.get("/")
async def handler(db: Annotated[AsyncSession, Depends(session)]) -> None: ...
