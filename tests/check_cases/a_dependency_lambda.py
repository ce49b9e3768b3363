from fastapi import Depends, FastAPI
app = FastAPI()
async def user(): return "x"
@app.get("/")
async def handler(name=Depends(lambda: user())):  # error: LL202
    return name
