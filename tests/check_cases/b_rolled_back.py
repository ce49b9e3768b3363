from sqlalchemy.orm import Session
def save(session: Session, name):
    try:
        session.execute(name)
        session.commit()
    except Exception:
        session.rollback()
        raise
async def nested(session: Session):
    try:
        try:
            session.execute("x")  # error: LL101
        except Exception:
            session.rollback()  # error: LL101
            raise
    except Exception:
        session.rollback()
async def twice(session: Session):
    session.execute("x")  # error: LL101
    session.rollback()  # error: LL101
    session.rollback()
    session.execute("x")  # error: LL101
    session.rollback()  # error: LL101
async def by_helper(session: Session):
    try:
        save(session, "x")  # error: LL101
    except Exception:
        session.rollback()
async def after_helper(session: Session):
    try:
        save(session, "x")  # error: LL101
        session.execute("y")  # error: LL101
    except Exception:
        session.rollback()  # error: LL101
async def outside(session: Session):
    session.execute("x")  # error: LL101
    try:
        save(session, "x")  # error: LL101
    except Exception:
        session.rollback()  # error: LL101
async def one_kind(session: Session, other: Session):
    try:
        try:
            session.execute("x")  # error: LL101
        except ValueError:
            session.rollback()  # error: LL101
            raise
    except Exception:
        session.rollback()  # error: LL101
    other.rollback()  # error: LL101
async def perhaps(session: Session, wanted):
    session.execute("x")  # error: LL101
    if wanted:
        session.rollback()  # error: LL101
    session.rollback()  # error: LL101
async def siblings(session: Session):
    session.execute("x")  # error: LL101
    try:
        session.execute("y")  # error: LL101
        session.commit()  # error: LL101
    except ValueError:
        session.rollback()  # error: LL101
        raise
    except Exception:
        session.rollback()  # error: LL101
