import functools, requests
from cachetools import TTLCache, cached
from fastapi import FastAPI
app = FastAPI()
@functools.lru_cache(maxsize=100)
def place(address):
    return requests.get(f"http://geo/{address}").json()
def near(address):
    return place(address)["near"]
@app.get("/a")
async def one(address: str):
    return near(address)  # error: LL101
@app.get("/b")
async def other(address: str):
    return {"near": near(address)}  # error: LL101
@cached(TTLCache(1, ttl=60))
def rates():
    return requests.get("http://rates").json()
def rate():
    return rates()["eur"]
@app.get("/c")
async def now():
    return rate()  # error: LL101
@app.get("/d")
async def then():
    return [rate()]  # error: LL101
_by_tenant = {}
def settings(tenant):
    if tenant not in _by_tenant:
        _by_tenant[tenant] = requests.get(f"http://settings/{tenant}").json()
    return _by_tenant[tenant]
@app.get("/e")
async def first(tenant: str):
    return settings(tenant)  # error: LL101
@app.get("/f")
async def second(tenant: str):
    return {"settings": settings(tenant)}  # error: LL101
