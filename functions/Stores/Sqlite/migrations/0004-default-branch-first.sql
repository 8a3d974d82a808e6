-- When a delivery was received, in milliseconds, less a head start for the default branch: the lowest is worked first.
ALTER TABLE work ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
UPDATE work SET rank = (SELECT received_at FROM deliveries WHERE deliveries.sequence = work.sequence);
DROP INDEX work_by_due;
CREATE INDEX work_by_rank ON work (rank, sequence);
CREATE INDEX work_by_due ON work (run_after);
