from sqlalchemy.ext.asyncio import AsyncSession
async def handler(db: AsyncSession, model):
    row = db.get(model, 1)
    if row is None:  # error: LL205
        return 404
