from sqlalchemy.orm import Session
async def handler(db: Session, model):
    query = db.query(model)
    query = query.filter(model.id > 1).order_by(model.id)
    return query.limit(10).all()  # error: LL101
