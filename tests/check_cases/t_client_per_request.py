import httpx
from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import create_async_engine
app = FastAPI()
@app.get("/a")
async def a():
    async with httpx.AsyncClient() as client:  # error: LL306
        return (await client.get("http://x")).json()
def engine():
    return create_async_engine("sqlite+aiosqlite://")  # error: LL306
@app.get("/b")
async def b(engine=Depends(engine)): ...
