"""JobQueue: tasks, their jobs in the application's own database, and a worker inside the application."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import cached_property, partial
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, Unpack, overload

from fastapi.params import Depends
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from loopline import _opened
from loopline.database import Database
from loopline.database.url import place_of
from loopline.errors import ConfigurationError, DuplicateJob, DuplicateTask
from loopline.jobs import migration
from loopline.jobs.attempts import TaskAttempts
from loopline.jobs.background import background_dependency
from loopline.jobs.definition import Definition, TaskOptions, TransactionalOptions
from loopline.jobs.job import NewJob
from loopline.jobs.operations import Operations
from loopline.jobs.running import Keep, Running, running
from loopline.jobs.schedule import Missed, Schedule, after_cron, after_interval
from loopline.jobs.sessions import call_after_commit
from loopline.jobs.store import Store
from loopline.jobs.task import Task
from loopline.jobs.traced import enqueued, enqueued_many
from loopline.jobs.worker import WorkerOptions

__all__ = ["JobQueue"]

P = ParamSpec("P")
R = TypeVar("R")

# To store a job with a unique key, or to find the one that has it. Another round is needed only if that one ended in
# between, and yet another one took its place.
TRIES = 100


class JobQueue:
    """Tasks whose jobs are stored in the application's own database, and a worker that runs them.

    A resource for ``lifespan(...)``, after the database and the lanes that its tasks use; or ``async with``. It can be
    started again once closed. It works inside the application; a transactional task's session is one of the
    database's pool, of which it uses at most half.

    Args:
        db: The database.
        queues: Queues that jobs can be put into beside those that tasks name. Default ``default``.
        concurrency: Jobs that run at once. Default 20.
        poll: Seconds after which the worker looks for jobs without having been told of any. Default 1.
        grace: Seconds that running jobs may take to end when the application stops; then they are cancelled and run
            again elsewhere, or later. Keep it below the ``close_timeout`` of ``lifespan(...)``. Default 8.
        lease: Seconds without a sign of life after which a worker on PostgreSQL is taken for dead. On SQLite it is
            known at once. Default 15.
        keep_completed: How long completed jobs are kept. Default one day.
        keep_failed: How long cancelled and discarded jobs are kept. Default 14 days.

    Attributes:
        db: The database.

    Raises:
        ConfigurationError: If an argument can't work.
    """

    def __init__(
        self,
        db: Database,
        *,
        queues: Iterable[str] = ("default",),
        concurrency: int = 20,
        poll: float = 1.0,
        grace: float = 8.0,
        lease: float = 15.0,
        keep_completed: timedelta = timedelta(days=1),
        keep_failed: timedelta = timedelta(days=14),
    ) -> None:
        if concurrency < 1:
            raise ConfigurationError(f"concurrency={concurrency}: a worker needs to run at least one job")
        for name, value in (("poll", poll), ("grace", grace), ("lease", lease)):
            if not value > 0:
                raise ConfigurationError(f"{name}={value}: give seconds, more than 0")
        self.db = db
        self._queues = set(queues)
        self._options = WorkerOptions(concurrency, poll, grace)
        self._lease = lease
        self._keep = Keep(keep_completed.total_seconds(), keep_failed.total_seconds())
        self._tasks: dict[str, Task[..., ..., Any]] = {}
        self._schedules: dict[str, Schedule] = {}
        self._store: Store | None = None
        self._checked: AsyncEngine | None = None  # the last engine that proved to be of this database
        self._started: AbstractAsyncContextManager[Running] | None = None
        self._running: Running | None = None
        self._tellers: dict[tuple[str, bool], Callable[[], None]] = {}  # by queue, and whether it is for later

    @overload
    def task(self, fn: Callable[P, R], /) -> Task[P, P, R]: ...

    @overload
    def task(self, /, **options: Unpack[TaskOptions]) -> Callable[[Callable[P, R]], Task[P, P, R]]: ...

    def task(self, fn: Callable[..., Any] | None = None, /, **options: Unpack[TaskOptions]) -> Any:
        """Make a function a task that runs at least once: after a crash it may run again.

        A coroutine function runs on the event loop, a plain function in threads of the queue's own, or in ``lane``.

        Args:
            fn: The function, when this is written without arguments: ``@jobs.task``.
            options: TaskOptions says what there is.

        Raises:
            ConfigurationError: If the function can't be one.
            DuplicateTask: If the name is taken.
        """
        return self._decorate(Definition(transactional=False, **options), fn)

    @overload
    def transactional(
        self, fn: Callable[Concatenate[AsyncSession, P], Coroutine[Any, Any, R]], /
    ) -> Task[P, Concatenate[AsyncSession, P], Coroutine[Any, Any, R]]: ...

    @overload
    def transactional(
        self, /, **options: Unpack[TransactionalOptions]
    ) -> Callable[
        [Callable[Concatenate[AsyncSession, P], Coroutine[Any, Any, R]]],
        Task[P, Concatenate[AsyncSession, P], Coroutine[Any, Any, R]],
    ]: ...

    def transactional(self, fn: Callable[..., Any] | None = None, /, **options: Unpack[TransactionalOptions]) -> Any:
        """Make a coroutine function a task whose writes and completion are one transaction: they happen exactly once.

        Its first parameter is the session, which commits when the function returns, and only then.

        Args:
            fn: The function, when this is written without arguments: ``@jobs.transactional``.
            options: TransactionalOptions says what there is.

        Raises:
            ConfigurationError: If the function can't be one.
            DuplicateTask: If the name is taken.
        """
        return self._decorate(Definition(transactional=True, **options), fn)

    @property
    def tasks(self) -> Mapping[str, Task[..., ..., Any]]:
        """The tasks by name, former names of theirs included."""
        return self._tasks

    @property
    def queues(self) -> list[str]:
        """The queues whose jobs are run."""
        return sorted(self._queues | {task.queue for task in self._tasks.values()})

    @cached_property
    def background(self) -> Depends:
        """The dependency that hands out a Background: ``Annotated[Background, jobs.background]``.

        ``background.add_task(task, …)`` is called as FastAPI's, and stores a job with the request's ``db.session``.
        """
        return background_dependency(self)

    @cached_property
    def operations(self) -> Operations:
        """What an operator does with the jobs: find, retry, cancel, pause, purge."""
        return Operations(self.db)

    def cron(
        self, expression: str, job: NewJob, *, timezone: str = "UTC", name: str | None = None, missed: Missed = "once"
    ) -> None:
        """Enqueue a job by a cron expression, once for all processes: ``jobs.cron("0 3 * * *", clean_up.job())``.

        Where a change of the clock skips the time, it comes right after; where it doubles the time, it comes once.

        Args:
            expression: Five fields, or six with seconds first, or such as ``@daily``.
            job: What ``Task.job(…)`` returned.
            timezone: The time zone that it is meant in, such as ``Europe/Berlin``.
            name: What is stored of it; if the expression changes, one with a name goes on, one without begins anew.
            missed: What happens if times have passed while no process was there: ``once`` enqueues the job once for
                all of them, ``skip`` not at all.

        Raises:
            ConfigurationError: If the expression, the time zone or the name can't be.
        """
        known = name or f"{job.task} {expression} {timezone}"
        self._add_schedule(Schedule(known, job, after_cron(expression, timezone), missed))

    def every(self, seconds: float, job: NewJob, *, name: str | None = None, missed: Missed = "once") -> None:
        """Enqueue a job whenever the database's clock, in seconds since 1970, is a multiple of an interval.

        Args:
            seconds: The interval, 1 or more.
            job: What ``Task.job(…)`` returned.
            name: As for ``cron``.
            missed: As for ``cron``.

        Raises:
            ConfigurationError: If the interval or the name can't be.
        """
        self._add_schedule(Schedule(name or f"{job.task} every {seconds:g} s", job, after_interval(seconds), missed))

    async def enqueue(self, session: AsyncSession, job: NewJob) -> int:
        """Store a job in the session's transaction. ``Task.enqueue`` says more."""
        return await enqueued(job, partial(self._insert, session))

    async def _insert(self, session: AsyncSession, job: NewJob) -> int:
        store = self._store_for(session)
        for _ in range(TRIES):
            if (inserted := await store.insert(session, job)) is not None:
                self._tell_after_commit(session, job.queue, due=job.delay > 0 or job.at is not None)
                return inserted
            assert job.unique_key is not None
            existing = await store.find_unique(session, job.unique_key)
            if existing is not None:
                if job.on_conflict == "raise":
                    raise DuplicateJob(job.unique_key, existing)
                return existing
        raise DuplicateJob(job.unique_key or "", None)

    async def enqueue_many(self, session: AsyncSession, jobs: Iterable[NewJob]) -> None:
        """Store many jobs in the session's transaction, in few statements.

        Of those whose ``unique`` key is taken, none is stored.

        Args:
            session: A session of the same database as the queue's.
            jobs: What ``Task.job(…)`` returned.

        Raises:
            ConfigurationError: If the session is of another database, or one of the jobs is to raise on a conflict.
        """
        listed = list(jobs)
        if any(job.on_conflict == "raise" for job in listed):
            raise ConfigurationError(
                "enqueue_many leaves out jobs that are there already: enqueue those that raise alone"
            )
        await enqueued_many(listed, partial(self._store_for(session).insert_many, session))
        for queue in {job.queue for job in listed}:
            due = any(job.delay > 0 or job.at is not None for job in listed if job.queue == queue)
            self._tell_after_commit(session, queue, due=due)

    async def migrate(self) -> list[int]:
        """Make or update the tables of the jobs. The database must be open. Only one process at a time does it.

        Returns:
            The numbers of the migrations that were applied.
        """
        async with self.db.begin() as session:
            return await (await session.connection()).run_sync(migration.migrate)

    async def check_tables(self) -> None:
        """Make sure that this Loopline can work with the tables of the jobs. The database must be open.

        Raises:
            ConfigurationError: If they are missing, too old or too new.
        """
        async with self.db.begin() as session:
            version = await (await session.connection()).run_sync(migration.read_version)
        migration.check_version(version)

    @property
    def attempts(self) -> Mapping[str, TaskAttempts]:
        """How the attempts of this process's worker have ended, by task; empty without a worker."""
        worker = None if self._running is None else self._running.worker
        return {} if worker is None else worker.attempts.by_task

    async def __aenter__(self) -> Self:
        """Check the tables, and start a worker. An SQLite file gets its tables by itself."""
        if self._started is not None:
            raise ConfigurationError("the JobQueue is open already: start it once, in lifespan(...) or by `async with`")
        engine = self.db.engine
        if engine.dialect.name == "sqlite":
            await self.migrate()
        await self.check_tables()
        opened = running(
            self.db,
            self.store,
            self._tasks,
            self.queues,
            list(self._schedules.values()),
            self._options,
            self._lease,
            self._keep,
        )
        self._running = await opened.__aenter__()
        self._started = opened
        _opened.job_queues.add(self)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let running jobs end within the grace, and stop."""
        await self.aclose()

    async def aclose(self) -> None:
        """Let running jobs end within the grace, and stop. Closing twice is harmless."""
        started, self._started = self._started, None
        _opened.job_queues.discard(self)
        if started is not None:
            try:
                await started.__aexit__(None, None, None)
            finally:
                self._running = None

    def _decorate(self, definition: Definition, fn: Callable[..., Any] | None) -> Any:
        def decorate(fn: Callable[..., Any]) -> Task[..., ..., Any]:
            task = definition.task(self, fn)
            if self._started is not None:
                raise ConfigurationError(
                    f"task {task.name}: the JobQueue has started. Define tasks where modules are imported"
                )
            names = (task.name, *definition.aliases)
            for name in names:
                if name in self._tasks:
                    raise DuplicateTask(name)
            self._tasks |= dict.fromkeys(names, task)
            return task

        return decorate if fn is None else decorate(fn)

    def _store_for(self, session: AsyncSession) -> Store:
        """Return the store, and make sure that the session writes to the same database."""
        bind = session.bind
        engine = bind.engine if isinstance(bind, AsyncConnection) else bind
        if engine is not None and engine is self._checked:
            return self._store_of(engine)
        if engine is None:
            raise ConfigurationError("this session has no engine: enqueue with a session of the JobQueue's database")
        own = self._own_engine()
        if own is not None and engine is not own and place_of(engine.url) != place_of(own.url):
            raise ConfigurationError(
                f"this session writes to {engine.url}, and the jobs are in {own.url}: "
                "enqueue with a session of the JobQueue's database"
            )
        if own is not None:
            self._checked = engine
        return self._store_of(engine)

    def _add_schedule(self, schedule: Schedule) -> None:
        if self._started is not None:
            raise ConfigurationError(f"schedule {schedule.name!r}: the JobQueue has started. Write it beside its task")
        if schedule.name in self._schedules:
            raise ConfigurationError(f"there is a schedule {schedule.name!r} already: give one of them name=…")
        self._schedules[schedule.name] = schedule

    def _own_engine(self) -> AsyncEngine | None:
        try:
            return self.db.engine
        except ConfigurationError:  # it is not open, as in a test that lends its own session
            return None

    @property
    def store(self) -> Store:
        """The jobs in the open database."""
        return self._store_of(self.db.engine)

    def _store_of(self, engine: AsyncEngine) -> Store:
        if self._store is None or self._store.dialect != engine.dialect.name:
            self._store = Store(engine.dialect.name)
        return self._store

    def _tell_after_commit(self, session: AsyncSession, queue: str, *, due: bool) -> None:
        if (queue, due) not in self._tellers:  # the same for each job, so that many in a transaction are one
            self._tellers[queue, due] = partial(self._tell, queue, due=due)
        call_after_commit(session.sync_session, self._tellers[queue, due])

    def _tell(self, queue: str, *, due: bool) -> None:
        if self._running is not None:
            self._running.tell(queue, due=due)
