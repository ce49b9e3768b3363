from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
app = FastAPI()
maker = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"))
async def session():
    async with maker() as one:
        yield one
@app.get("/")
async def handler(db=Depends(session)):
    result = db.scalar("x")
    return result.id  # error: LL205
