from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, sessionmaker
engine = create_engine("sqlite://")
Local = sessionmaker(engine)
async def one():
    with Local() as session:
        return session.scalar(select(1))  # error: LL101
async def two():
    with Session(engine) as session:
        return session.scalars(select(1)).all()  # error: LL101
