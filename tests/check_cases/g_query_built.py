from sqlalchemy import select
from sqlalchemy.orm import Session
async def handler(db: Session, model):
    query = db.query(model).filter(model.id == 1)
    db.add(model())
    return str(query), select(model)
