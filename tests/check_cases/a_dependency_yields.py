from fastapi import Depends, FastAPI
app = FastAPI()
async def user(): return "x"
def current():
    yield user()  # error: LL202
@app.get("/")
async def handler(name=Depends(current)):
    return name
