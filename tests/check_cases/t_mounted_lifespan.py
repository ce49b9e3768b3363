from contextlib import asynccontextmanager
from fastapi import FastAPI
@asynccontextmanager
async def lifespan(app):
    yield
inner = FastAPI(lifespan=lifespan)
app = FastAPI()
app.mount("/inner", inner)  # error: LL311
