import requests
from fastapi import FastAPI
app = FastAPI()
@app.exception_handler(ValueError)
async def handle(request, error):
    requests.post("http://sentry")  # error: LL101
