from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import async_sessionmaker
maker = async_sessionmaker()
app = FastAPI()
async def session():
    async with maker.begin() as one:  # error: LL301
        yield one
@app.get("/")
async def handler(db=Depends(session)): ...
