from contextlib import asynccontextmanager
from functools import lru_cache
import httpx
from fastapi import Depends, FastAPI, Request
@asynccontextmanager
async def lifespan(app):
    async with httpx.AsyncClient() as client:
        yield {"client": client}
app = FastAPI(lifespan=lifespan)
@lru_cache
def client():
    return httpx.AsyncClient()
@app.get("/")
async def handler(request: Request, client=Depends(client)):
    return (await request.state.client.get("http://x")).json()
