from fastapi import FastAPI
from fastapi.responses import StreamingResponse
app = FastAPI()
async def rows():
    yield "x"
@app.get("/")
async def handler():
    return StreamingResponse(rows())
