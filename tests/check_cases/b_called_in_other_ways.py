import os
from fastapi import FastAPI
app = FastAPI()
def make_folder(url: str):
    if ":memory:" in url:
        return
    os.makedirs(url)
async def store(data=None, path=None):
    return len(data) if data is not None else os.path.getsize(path)  # error: LL101
async def alone(data=None, path=None):
    return len(data) if data is not None else os.path.getsize(path)  # error: LL101
async def walk(root=None, level=0):
    found = root if root is not None else os.listdir("/")  # error: LL101
    if level < 3:
        await walk(found, level=1)
@app.post("/")
async def post(name: str):
    make_folder("sqlite:///shop.db")  # error: LL101
    await store(data=b"")
    return await store(path=name)
