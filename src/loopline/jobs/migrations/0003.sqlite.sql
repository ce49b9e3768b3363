ALTER TABLE loopline_workers ADD COLUMN host TEXT;
ALTER TABLE loopline_workers ADD COLUMN pid INTEGER;
ALTER TABLE loopline_workers ADD COLUMN queues TEXT;
ALTER TABLE loopline_workers ADD COLUMN concurrency INTEGER;
ALTER TABLE loopline_workers ADD COLUMN beat_at REAL;
