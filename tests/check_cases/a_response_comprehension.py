from fastapi import FastAPI
app = FastAPI()
async def one(key): return 1
@app.get("/a")
async def a(keys: str):
    return {key: one(key) for key in keys}  # error: LL203
@app.get("/b")
async def b(keys: str):
    return [one(key) for key in keys]  # error: LL203
