"""The contenders: where they store jobs, how they are set, and what their answer to an enqueue is worth."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Literal, TypeAlias

from benchmarks.jobs.contender import Contender

__all__ = ["CONTENDERS", "LEFT_OUT", "OURS", "Entry", "Kind", "load", "missing"]

Kind: TypeAlias = Literal["postgresql", "sqlite", "redis", "redis-everysec"]

OURS = "Loopline"
COMMITTED = "committed: on the disk (fsync and synchronous_commit on)"
FULL = "committed: on the disk (WAL, synchronous=FULL)"
FULL_WITHOUT_WAL = "committed: on the disk (rollback journal, synchronous=FULL)"
ALWAYS = "appendonly, appendfsync always: on the disk"
EVERYSEC = "appendonly, appendfsync everysec: a power cut loses up to 2 s"


@dataclass(frozen=True, slots=True)
class Entry:
    """A contender on one kind of store.

    Attributes:
        name: How it is called in the report.
        package: What has to be installed.
        kind: Its store.
        target: Module and class below ``contenders``.
        durability: What a job that was enqueued survives.
        setting: What was chosen for throughput; the rest is as it comes.
        jobs: Part of the jobs that it is given to work off, where it is so slow that all would take minutes.
        pushes: Whether a worker is told of a job, so that its latency is not that of polling.
    """

    name: str
    package: str
    kind: Kind
    target: str
    durability: str
    setting: str
    jobs: float = 1.0
    pushes: bool = True

    @property
    def durable(self) -> bool:
        """Whether a job that was enqueued survives a power cut, as with ours."""
        return self.kind != "redis-everysec"

    @property
    def ours(self) -> bool:
        """Whether it is Loopline."""
        return self.name == OURS


_SAQ = "20 at once (its default: 10)"
_TASKIQ = "streams, 100 at once (its default)"
_CELERY = "prefork, 2 processes in a worker, 64 prefetched each (default: 4), acks_late, no gossip, mingle, heartbeat"
_SONIQ = "16 at once (its default: 4)"
_DBOS = "50 workflows at once in a process, polls each 0.05 s (its default: 1 s)"
_LOOPLINE = "100 at once (its default: 20), 20 transactional ones (pool of 40)"

CONTENDERS = (
    Entry(OURS, "loopline", "postgresql", "loopline_jobs:LooplineJobs", COMMITTED, _LOOPLINE),
    Entry(
        "pgqueuer",
        "pgqueuer",
        "postgresql",
        "pgqueuer_jobs:PgqueuerJobs",
        COMMITTED,
        "batches of 100 (its default: 10)",
    ),
    Entry(
        "procrastinate",
        "procrastinate",
        "postgresql",
        "procrastinate_jobs:ProcrastinateJobs",
        COMMITTED,
        "20 at once (its default: 1)",
        jobs=0.1,
    ),
    Entry("oban", "oban", "postgresql", "oban_jobs:ObanJobs", COMMITTED, "core, 100 at once", jobs=0.5),
    Entry("saq", "saq", "postgresql", "saq_jobs:SaqPostgresJobs", COMMITTED, _SAQ, jobs=0.1),
    Entry("soniq", "soniq", "postgresql", "soniq_jobs:SoniqJobs", COMMITTED, _SONIQ, jobs=0.2),
    Entry("dbos", "dbos", "postgresql", "dbos_jobs:DbosJobs", COMMITTED, _DBOS, jobs=0.1, pushes=False),
    Entry("celery", "celery", "redis", "celery_jobs:CeleryJobs", ALWAYS, _CELERY, jobs=0.2),
    Entry("taskiq", "taskiq-redis", "redis", "taskiq_jobs:TaskiqJobs", ALWAYS, _TASKIQ, jobs=0.5),
    Entry("saq", "saq", "redis", "saq_jobs:SaqRedisJobs", ALWAYS, _SAQ, jobs=0.2),
    Entry("celery", "celery", "redis-everysec", "celery_jobs:CeleryJobs", EVERYSEC, _CELERY, jobs=0.2),
    Entry("taskiq", "taskiq-redis", "redis-everysec", "taskiq_jobs:TaskiqJobs", EVERYSEC, _TASKIQ, jobs=0.5),
    Entry("saq", "saq", "redis-everysec", "saq_jobs:SaqRedisJobs", EVERYSEC, _SAQ, jobs=0.2),
    Entry(OURS, "loopline", "sqlite", "loopline_jobs:LooplineJobs", FULL, _LOOPLINE, pushes=False),
    Entry("soniq", "soniq", "sqlite", "soniq_jobs:SoniqJobs", FULL, _SONIQ, jobs=0.02, pushes=False),
    Entry("dbos", "dbos", "sqlite", "dbos_jobs:DbosJobs", FULL_WITHOUT_WAL, _DBOS, jobs=0.05, pushes=False),
)

LEFT_OUT = {
    "taskiq-pg": "its broker tells of a job by NOTIFY only: one that was stored while no worker listened is never run, "
    "and each worker that listens runs every job",
}


def missing(entry: Entry) -> str:
    """Return why a contender can't run here; empty if it can."""
    try:
        version(entry.package)
    except PackageNotFoundError:
        if entry.package == "oban":
            return "it needs Python 3.12"
        return f"{entry.package} is not installed"
    return ""


def load(target: str, url: str) -> Contender:
    """Make a contender.

    Args:
        target: As in its entry.
        url: Its store.
    """
    module, _, name = target.partition(":")
    made: Contender = getattr(import_module(f"benchmarks.jobs.contenders.{module}"), name)(url)
    return made
