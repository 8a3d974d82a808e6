-- Deliveries as they came, and what became of each.
CREATE TABLE deliveries (
    sequence        INTEGER PRIMARY KEY,
    forge           TEXT    NOT NULL,
    delivery_id     TEXT    NOT NULL,
    event           TEXT    NOT NULL,
    repository_id   INTEGER,
    repository      TEXT,
    headers         TEXT    NOT NULL,
    body            BLOB    NOT NULL,
    body_sha256     BLOB    NOT NULL,
    received_at     INTEGER NOT NULL,
    state           TEXT    NOT NULL,
    result          TEXT
);
CREATE UNIQUE INDEX deliveries_by_id ON deliveries (forge, delivery_id);
CREATE UNIQUE INDEX deliveries_by_body ON deliveries (forge, body_sha256);

-- One row for each delivery that is not finished; deleted at the end, so that a claim costs the same whatever the history.
CREATE TABLE work (
    sequence        INTEGER PRIMARY KEY REFERENCES deliveries (sequence),
    lane            TEXT    NOT NULL,
    run_after       INTEGER NOT NULL,
    tries           INTEGER NOT NULL DEFAULT 0,
    fence           INTEGER NOT NULL DEFAULT 0,
    leased_until    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX work_by_lane ON work (lane, leased_until);
CREATE INDEX work_by_due ON work (run_after, sequence);

-- One failure on one head commit, and what was tried for it.
CREATE TABLE attempts (
    id                   INTEGER PRIMARY KEY,
    repository_key       TEXT    NOT NULL,
    branch               TEXT    NOT NULL,
    head                 TEXT    NOT NULL,
    failure_signature    TEXT    NOT NULL,
    failure_id           TEXT    NOT NULL,
    pipeline_id          INTEGER NOT NULL,
    pipeline_attempt     INTEGER NOT NULL,
    job_id               INTEGER,
    job_name             TEXT,
    number               INTEGER NOT NULL,
    state                TEXT    NOT NULL,
    fix_branch           TEXT,
    fix_head             TEXT,
    merge_request_number INTEGER,
    merge_request_url    TEXT,
    patch_hash           TEXT,
    patch_diff           TEXT,
    details              TEXT    NOT NULL,
    summary              TEXT    NOT NULL,
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL
);
CREATE INDEX attempts_by_head ON attempts (repository_key, head);
CREATE INDEX attempts_by_branch ON attempts (repository_key, branch);
CREATE INDEX attempts_by_fix_branch ON attempts (repository_key, fix_branch) WHERE fix_branch IS NOT NULL;
CREATE INDEX attempts_by_fix_head ON attempts (repository_key, fix_head) WHERE fix_head IS NOT NULL;

-- Effects on a forge: announced (result NULL) before they are done, recorded after.
CREATE TABLE effects (
    key        TEXT PRIMARY KEY,
    result     TEXT,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;
