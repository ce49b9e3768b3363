from fastapi import FastAPI, UploadFile
app = FastAPI()
@app.post("/")
async def handler(file: UploadFile):
    return len(file.read())  # error: LL207
