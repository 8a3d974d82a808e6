-- How far catching up has looked, and what it has to tell: times in milliseconds, ids at the forges, the lease of the one process that does it.
CREATE TABLE sweep_marks (
    name  TEXT    PRIMARY KEY,
    value INTEGER NOT NULL,
    note  TEXT    NOT NULL DEFAULT ''
) WITHOUT ROWID;
INSERT INTO sweep_marks (name, value) VALUES ('lease', 0);

-- Repositories that deliveries came from.
CREATE TABLE known_repositories (
    forge         TEXT    NOT NULL,
    repository_id INTEGER NOT NULL,
    name          TEXT    NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    looked_until  INTEGER,                  -- what ended there before is known
    PRIMARY KEY (forge, repository_id)
) WITHOUT ROWID;
