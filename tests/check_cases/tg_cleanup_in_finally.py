from contextlib import asynccontextmanager
from fastapi import Depends, FastAPI
async def connect(): ...
async def connection():
    one = await connect()
    try:
        yield one
    finally:
        await one.close()
@asynccontextmanager
async def lifespan(app):
    async with await connect() as pool:
        yield {"pool": pool}
    print("closed")
app = FastAPI(lifespan=lifespan)
@app.get("/")
async def handler(one=Depends(connection)): ...
