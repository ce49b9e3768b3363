from typing import Annotated
from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
app = FastAPI()
maker = async_sessionmaker()
async def session():
    async with maker() as one:
        yield one
@app.get("/")
async def handler(db: Annotated[AsyncSession, Depends(session)]):
    db.flush()  # error: LL201
