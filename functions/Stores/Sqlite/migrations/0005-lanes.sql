-- One row a lane, so that a claim costs the same however much waits in lanes that are held or postponed.
CREATE TABLE lanes (
    lane         TEXT    PRIMARY KEY,
    turn         INTEGER,                       -- rank of its first ready row, but not before it was last served; NULL: nothing is ready
    served_at    INTEGER NOT NULL DEFAULT 0,
    leased_until INTEGER NOT NULL DEFAULT 0,    -- 0: nobody holds it
    fence        INTEGER NOT NULL DEFAULT 0     -- grows with each claim and each release, so that it never comes twice
) WITHOUT ROWID;
CREATE INDEX lanes_by_turn ON lanes (turn) WHERE turn IS NOT NULL AND leased_until = 0;
CREATE INDEX lanes_by_lease ON lanes (leased_until) WHERE leased_until > 0;

-- A row is ready (run_after 0), the one in work among them, or it waits. What was never postponed is ready; the rest is looked at by the next claims.
UPDATE work SET run_after = 0 WHERE run_after = (SELECT received_at FROM deliveries WHERE deliveries.sequence = work.sequence);
INSERT INTO lanes (lane, turn, leased_until, fence)
SELECT lane, min(CASE WHEN run_after = 0 THEN rank END), max(leased_until), max(fence) FROM work GROUP BY lane;

DROP INDEX work_by_lane;
DROP INDEX work_by_rank;
DROP INDEX work_by_due;
ALTER TABLE work DROP COLUMN fence;
ALTER TABLE work DROP COLUMN leased_until;
CREATE INDEX work_ready ON work (lane, rank, sequence) WHERE run_after = 0;
CREATE INDEX work_waiting ON work (run_after) WHERE run_after > 0;
