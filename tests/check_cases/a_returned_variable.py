from fastapi import APIRouter
router = APIRouter()
async def load(): return 1
@router.get("/")
async def handler():
    result = load()
    return result  # error: LL202
