import redis
from fastapi import Depends, FastAPI
app = FastAPI()
r = redis.Redis()
@app.get("/")
async def handler(client=Depends(lambda: r)):
    return client.get("k")  # error: LL101
