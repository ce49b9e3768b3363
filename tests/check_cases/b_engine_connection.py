from sqlalchemy import create_engine, text
engine = create_engine("sqlite://")
async def handler():
    with engine.connect() as connection:  # error: LL101
        return connection.execute(text("select 1")).scalar()  # error: LL101
