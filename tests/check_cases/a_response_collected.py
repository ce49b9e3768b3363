from fastapi import FastAPI
app = FastAPI()
async def one(key): return 1
@app.get("/")
async def handler(keys: str):
    found = []
    for key in keys:
        found.append(one(key))
    return found  # error: LL203
