from PIL import Image
from fastapi import FastAPI, UploadFile
app = FastAPI()
@app.post("/")
async def handler(upload: UploadFile):
    picture = Image.open(upload.file)  # error: LL101
    small = picture.resize((10, 10))  # error: LL101
    small.save("x")  # error: LL101
