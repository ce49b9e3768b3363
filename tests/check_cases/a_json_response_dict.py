from fastapi import FastAPI
from fastapi.responses import JSONResponse
app = FastAPI()
async def fetch(): return 1
@app.get("/")
async def handler():
    return JSONResponse({"n": fetch()})  # error: LL207
