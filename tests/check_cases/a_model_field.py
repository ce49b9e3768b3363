from fastapi import FastAPI
from pydantic import BaseModel
app = FastAPI()
class Out(BaseModel):
    count: int
async def count(): return 1
@app.get("/")
async def handler() -> Out:
    return Out(count=count())  # error: LL207
