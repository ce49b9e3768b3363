from contextlib import asynccontextmanager
from fastapi import Depends, FastAPI
async def connect(): ...
async def connection():
    one = await connect()
    yield one
    await one.close()  # error: LL310
@asynccontextmanager
async def lifespan(app):
    pool = await connect()
    yield
    await pool.disconnect()  # error: LL310
app = FastAPI(lifespan=lifespan)
@app.get("/")
async def handler(one=Depends(connection)): ...
