from fastapi import FastAPI
app = FastAPI()
async def one(): return 1
@app.get("/")
async def handler():
    return {"data": {"one": one()}}  # error: LL203
