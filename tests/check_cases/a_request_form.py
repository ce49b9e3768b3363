from fastapi import FastAPI, Request
app = FastAPI()
@app.post("/")
async def handler(request: Request):
    form = request.form()
    return form["name"]  # error: LL205
