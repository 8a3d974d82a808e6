-- Jobs that failed and were run again (test_name '') and the tests that were named as failing in them: how often, and how that ended.
CREATE TABLE flakes (
    repository_key TEXT    NOT NULL,
    job_name       TEXT    NOT NULL,
    test_name      TEXT    NOT NULL,
    retried        INTEGER NOT NULL,
    passed         INTEGER NOT NULL,
    failed         INTEGER NOT NULL,
    last_seen_at   INTEGER NOT NULL,
    PRIMARY KEY (repository_key, job_name, test_name)
) WITHOUT ROWID;
CREATE INDEX flakes_by_age ON flakes (last_seen_at);
