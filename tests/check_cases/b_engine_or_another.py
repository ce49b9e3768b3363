from pathlib import Path
import httpx
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
def build(url):
    Path(url).mkdir()
    return create_async_engine(url)
class Store:
    def __init__(self, engine: AsyncEngine | None = None):
        self.engine = engine or build("data")
def client(given: httpx.AsyncClient | None = None):
    return given or httpx.AsyncClient(verify=Path("ca.pem").read_text())
async def handed_on(engine: AsyncEngine, http: httpx.AsyncClient):
    client(http)
    return Store(engine)
async def without(http: httpx.AsyncClient | None):
    client(http)  # error: LL101
    return Store()  # error: LL101
