import asyncio
import functools
from contextlib import asynccontextmanager
from pathlib import Path
from fastapi import FastAPI
@functools.lru_cache
def settings():
    return Path(".env").read_text()
@functools.lru_cache
def words(language):
    return Path(language).read_text()
_key = None
def key():
    global _key
    if _key is None:
        _key = Path("key").read_text()
    return _key
async def warm():
    await asyncio.to_thread(words, "de")
    key()
@asynccontextmanager
async def lifespan(app):
    settings()
    await warm()
    if app.debug:
        words("it")
    yield
    words("fr")
app = FastAPI(lifespan=lifespan)
async def signed():
    return key()
@app.get("/")
async def index():
    settings()
    words("de")
    await signed()
    words("fr")  # error: LL101
    words("it")  # error: LL101
@app.websocket("/live")
async def live(websocket):
    settings(), key()
async def worker():
    return settings()  # error: LL101
