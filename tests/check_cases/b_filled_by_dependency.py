import functools
from pathlib import Path
from typing import Annotated
from fastapi import APIRouter, Depends
router = APIRouter()
@functools.lru_cache
def settings():
    return Path(".env").read_text()
@functools.lru_cache
def words(language):
    return Path(language).read_text()
_key = None
def key():
    global _key
    if _key is None:
        _key = Path("key").read_text()
    return _key
def signer():
    words("de")
    yield key()
    words("fr")
def maybe(signed: bool, signs=Depends(signer)):
    if signed:
        return words("it")
async def used():
    return words("de"), key()
@router.get("/")
async def index(known: Annotated[str, Depends(settings)], signs=Depends(maybe)):
    settings()
    await used()
    words("fr")  # error: LL101
    words("it")  # error: LL101
@router.get("/without")
async def without():
    settings()  # error: LL101
    key()  # error: LL101
