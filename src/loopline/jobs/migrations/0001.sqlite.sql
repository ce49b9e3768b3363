CREATE TABLE loopline_jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task TEXT NOT NULL,
    queue TEXT NOT NULL,
    state TEXT NOT NULL,
    priority INTEGER NOT NULL,
    arguments TEXT NOT NULL,
    unique_key TEXT,
    attempt INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    timeout REAL NOT NULL,
    worker INTEGER,
    cancelling BOOLEAN NOT NULL DEFAULT FALSE,
    created_at REAL NOT NULL,
    run_at REAL NOT NULL,
    started_at REAL,
    deadline REAL,
    finished_at REAL,
    CONSTRAINT loopline_jobs_state CHECK (
        state IN ('scheduled', 'available', 'running', 'retryable', 'completed', 'cancelled', 'discarded')
    )
);
CREATE INDEX loopline_jobs_available ON loopline_jobs (queue, priority, id) WHERE state = 'available';
CREATE INDEX loopline_jobs_due ON loopline_jobs (run_at) WHERE state IN ('scheduled', 'retryable');
CREATE INDEX loopline_jobs_running ON loopline_jobs (worker) WHERE state = 'running';
CREATE INDEX loopline_jobs_completed ON loopline_jobs (finished_at) WHERE state = 'completed';
CREATE INDEX loopline_jobs_failed ON loopline_jobs (finished_at) WHERE state IN ('cancelled', 'discarded');
CREATE UNIQUE INDEX loopline_jobs_unique ON loopline_jobs (unique_key)
    WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'available', 'running', 'retryable');

CREATE TABLE loopline_failures (
    job INTEGER NOT NULL REFERENCES loopline_jobs (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    at REAL NOT NULL,
    error TEXT NOT NULL,
    traceback TEXT NOT NULL
);
CREATE INDEX loopline_failures_job ON loopline_failures (job);

CREATE TABLE loopline_workers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    started_at REAL NOT NULL,
    beat INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE loopline_queues (
    name TEXT PRIMARY KEY,
    paused_at REAL
);

CREATE TABLE loopline_schedules (
    name TEXT PRIMARY KEY,
    enqueued_at REAL NOT NULL
);
