from fastapi import FastAPI
app = FastAPI()
@app.get("/users/batch")
async def batch(ids: list[int]): ...  # error: LL302
@app.get("/tags")
async def tags(names: list[str] | None = None): ...  # error: LL302
@app.delete("/users")
async def remove(ids: set[int]): ...  # error: LL302
