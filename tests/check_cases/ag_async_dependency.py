from fastapi import Depends, FastAPI
app = FastAPI()
async def user(): return "x"
async def session():
    yield await user()
@app.get("/")
async def handler(name=Depends(user), other=Depends(session)):
    return {"name": name, "other": other}
