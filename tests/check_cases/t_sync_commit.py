from fastapi import APIRouter, Depends
from sqlalchemy.orm import sessionmaker
Local = sessionmaker()
router = APIRouter()
def get_db():
    db = Local()
    try:
        yield db
        db.commit()  # error: LL301
    except Exception:
        db.rollback()
        raise
@router.get("/")
def handler(db=Depends(get_db)): ...
