from fastapi import FastAPI
app = FastAPI()
async def load(): return 1
@app.get("/")
def handler():
    return load()  # error: LL202
