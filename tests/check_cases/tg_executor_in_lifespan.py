from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from fastapi import FastAPI
@asynccontextmanager
async def lifespan(app):
    with ProcessPoolExecutor() as pool:
        yield {"pool": pool}
app = FastAPI(lifespan=lifespan)
@app.get("/")
async def handler(): ...
