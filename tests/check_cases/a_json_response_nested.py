from fastapi import FastAPI
from fastapi.responses import ORJSONResponse
app = FastAPI()
async def fetch(): return 1
@app.get("/")
async def handler():
    return ORJSONResponse(content={"items": [{"n": fetch()}], "total": 1})  # error: LL207
