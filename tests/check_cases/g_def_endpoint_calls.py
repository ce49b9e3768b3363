import requests
from fastapi import APIRouter
router = APIRouter()
def load(): return requests.get("http://x")
@router.get("/")
def read(): return load()
