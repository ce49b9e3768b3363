ALTER TABLE loopline_jobs ADD COLUMN trace TEXT;
