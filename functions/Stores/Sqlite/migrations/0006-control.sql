-- What an admin has switched: modules that are off, the emergency stop, and the head of the audit chain. Changed together with the audit.
CREATE TABLE controls (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO controls (name, value) VALUES ('audit_head', '0 ');

-- Who did what. Each row's hash covers the one before.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    act      TEXT    NOT NULL,
    details  TEXT    NOT NULL,
    hash     TEXT    NOT NULL
);

-- Those that were given up are counted, whatever the history.
CREATE INDEX deliveries_dead ON deliveries (sequence) WHERE state = 'dead';
