import os
from fastapi import FastAPI
app = FastAPI()
def make_folder(url: str):
    if not url.startswith("sqlite") or ":memory:" in url:
        return
    os.makedirs(url)
async def store(data=None, path=None):
    return len(data) if data is not None else os.path.getsize(path)
async def setup():
    make_folder("sqlite://:memory:")
@app.post("/")
async def post():
    await setup()
    return await store(data=b"")
