from fastapi import HTTPException
async def reason(): return "x"
async def handler():
    raise HTTPException(400, detail=reason())  # error: LL207
