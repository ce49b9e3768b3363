import httpx
from fastapi import FastAPI, Request
app = FastAPI()
_last = None
@app.get("/last")
async def last():
    global _last
    _last = httpx.AsyncClient()  # error: LL306
    return (await _last.get("http://x")).json()
@app.get("/state")
async def state(request: Request):
    if request.state.client is None:
        request.state.client = httpx.AsyncClient()  # error: LL306
    return (await request.state.client.get("http://x")).json()
