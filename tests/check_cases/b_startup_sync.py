import requests
from fastapi import FastAPI
app = FastAPI()
@app.on_event("startup")
def warm():
    requests.get("http://x")  # error: LL101
