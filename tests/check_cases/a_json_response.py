from fastapi import FastAPI
from fastapi.responses import JSONResponse
app = FastAPI()
async def data(): return {}
@app.get("/")
async def handler():
    return JSONResponse(data())  # error: LL207
