from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
inner = FastAPI()
app = FastAPI()
app.mount("/inner", inner)
app.mount("/static", StaticFiles(directory="static"))
