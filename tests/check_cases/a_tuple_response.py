from fastapi import FastAPI
app = FastAPI()
async def one(): return 1
@app.get("/")
def handler():
    return one(), 200  # error: LL203
