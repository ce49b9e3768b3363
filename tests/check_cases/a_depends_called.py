from fastapi import Depends, FastAPI
app = FastAPI()
async def user(): return "x"
@app.get("/")
async def handler(name=Depends(user())):  # error: LL207
    return name
