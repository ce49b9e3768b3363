import httpx
from contextlib import asynccontextmanager
from fastapi import FastAPI, Request
@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.http = httpx.Client()
    yield
app = FastAPI(lifespan=lifespan)
@app.get("/")
async def handler(request: Request):
    return request.app.state.http.get("http://x").json()  # error: LL101
