import time
from typing import Annotated
from fastapi import Depends, FastAPI
app = FastAPI()
class Settings:
    def read(self): time.sleep(1)
@app.get("/")
async def handler(settings: Annotated[Settings, Depends()]):
    return settings.read()  # error: LL101
