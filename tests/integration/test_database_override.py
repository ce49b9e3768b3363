"""Tests use another database, or their own session, without touching the module that made the Database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from loopline import ConfigurationError, Database

pytestmark = pytest.mark.anyio

db = Database("sqlite+aiosqlite:///overridden.db")
app = FastAPI()
Session = Annotated[AsyncSession, db.session]
Outside = Callable[[str], Awaitable[Any]]


class Base(DeclarativeBase): ...


class Parent(Base):
    __tablename__ = "parents"
    id: Mapped[int] = mapped_column(primary_key=True)


@app.post("/parents/{number}")
async def create_parent(number: int, session: Session, commit: bool = False) -> None:
    session.add(Parent(id=number))
    if commit:
        await session.commit()


@app.delete("/parents/{number}")
async def delete_parent(number: int, session: Session) -> None:
    await session.delete(await session.get_one(Parent, number))


@app.get("/parents")
async def count_parents(session: Annotated[AsyncSession, db.read_session]) -> int:
    number: int = (await session.execute(text("SELECT count(*) FROM parents"))).scalar_one()
    return number


@app.post("/written-by-reader")
async def write_through_reader(session: Annotated[AsyncSession, db.read_session], commit: bool = False) -> None:
    if commit:
        await session.commit()
    session.add(Parent(id=1))
    await session.flush()


@pytest.fixture
def http(connect: Callable[[FastAPI], AsyncClient]) -> AsyncClient:
    return connect(app)


@pytest.fixture
async def tables(database_url: str, open_database: Callable[[Database], AbstractAsyncContextManager[None]]) -> None:
    async with open_database(Database(database_url)):
        pass


@pytest.fixture
async def session(tables: None, database_url: str) -> AsyncIterator[AsyncSession]:
    """A test's own session on an engine that knows nothing of Loopline."""
    engine = create_async_engine(database_url)
    async with AsyncSession(engine) as session:
        yield session
    await engine.dispose()


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("kind", ["url", "engine", "sessionmaker"])
async def test_another_target_is_used_at_the_next_start(
    http: AsyncClient, outside: Outside, database_url: str, kind: str
) -> None:
    engine = create_async_engine(database_url)
    target = {"url": database_url, "engine": engine, "sessionmaker": async_sessionmaker(engine)}[kind]
    with db.override(target):  # type: ignore[arg-type]
        async with db:
            assert (await http.post("/parents/1")).status_code == 200
            assert (await http.get("/parents")).json() == 1
    assert await outside("SELECT count(*) FROM parents") == 1
    await engine.dispose()


async def test_after_the_block_the_own_target_counts_again(tmp_path: Path) -> None:
    own = Database(f"sqlite+aiosqlite:///{tmp_path}/own.db")
    with own.override(f"sqlite+aiosqlite:///{tmp_path}/other.db"):
        pass
    async with own:
        assert own.engine.url.database == f"{tmp_path}/own.db"


async def test_an_open_database_can_not_change_its_target(tmp_path: Path) -> None:
    own = Database(f"sqlite+aiosqlite:///{tmp_path}/own.db")
    async with own:
        with pytest.raises(ConfigurationError, match="before it starts"), own.override("sqlite+aiosqlite:///other.db"):
            pass


@pytest.mark.parametrize("commit", [False, True], ids=["", "the endpoint commits itself"])
async def test_what_requests_commit_inside_a_test_s_session_is_gone_when_it_rolls_back(
    http: AsyncClient, session: AsyncSession, outside: Outside, commit: bool
) -> None:
    with db.override(session):
        assert (await http.post("/parents/1", params={"commit": commit})).status_code == 200
        assert (await http.post("/parents/2", params={"commit": commit})).status_code == 200
        assert (await http.post("/parents/2", params={"commit": commit})).status_code == 500, "it is there already"
        async with db.begin() as inner:
            inner.add(Parent(id=3))
        assert (await http.get("/parents")).json() == 3
    await session.rollback()
    assert await outside("SELECT count(*) FROM parents") == 0


async def test_a_test_s_session_and_a_request_see_what_the_other_wrote(
    http: AsyncClient, session: AsyncSession
) -> None:
    parent = Parent(id=1)
    session.add(parent)
    with db.override(session):
        assert (await http.get("/parents")).json() == 1
        assert (await http.delete("/parents/1")).status_code == 200
    assert await session.get(Parent, 1) is None, "the session does not answer from memory"


@pytest.mark.parametrize("commit", [False, True], ids=["", "the endpoint commits itself"])
async def test_a_reading_session_is_refused_to_write_inside_a_test_s_session_too(
    http: AsyncClient, session: AsyncSession, commit: bool
) -> None:
    with db.override(session):
        answer = await http.post("/written-by-reader", params={"commit": commit})
        assert answer.status_code == 500
        assert (await http.post("/parents/2")).status_code == 200, "who may write still can"
        assert (await http.get("/parents")).json() == 1


@pytest.mark.usefixtures("tables")
async def test_a_session_of_the_database_itself_serves_a_test_as_well(
    http: AsyncClient, outside: Outside, database_url: str
) -> None:
    with db.override(database_url):
        async with db, db.begin() as session:
            with db.override(session):
                assert (await http.post("/parents/1")).status_code == 200
            await session.rollback()
    assert await outside("SELECT count(*) FROM parents") == 0


async def test_fastapi_s_own_overrides_work(http: AsyncClient, session: AsyncSession, outside: Outside) -> None:
    assert db.session.dependency is not None
    app.dependency_overrides[db.session.dependency] = lambda: session
    try:
        assert (await http.post("/parents/1")).status_code == 200
    finally:
        app.dependency_overrides.clear()
    assert [parent.id for parent in session.new if isinstance(parent, Parent)] == [1]
    await session.rollback()
    assert await outside("SELECT count(*) FROM parents") == 0
