import functools, hashlib, requests
from pathlib import Path
from fastapi import FastAPI
app = FastAPI()
@functools.lru_cache(maxsize=32)
def version(file):
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()
def link(file):
    return f"/static/{file}?v={version(file)}"
def page():
    return link("app.css") + link("app.js")
@app.get("/home")
async def home():
    return page()
@app.get("/about")
async def about():
    return page()
@app.get("/icon")
async def icon():
    return {"icon": link("icon.svg"), "page": page()}  # error: LL101
_rates = None
def rates():
    global _rates
    if _rates is None:
        _rates = requests.get("http://rates").json()
    return _rates
@app.get("/rate")
async def rate():
    return rates()  # error: LL101
@app.get("/offer")
async def offer():
    return {"rates": rates()}
