import redis
from fastapi import Depends, FastAPI
app = FastAPI()
async def cache():
    client = redis.Redis()
    yield client
    client.delete("k")  # error: LL101
@app.get("/")
async def handler(client=Depends(cache)):
    return client.get("k")  # error: LL101
