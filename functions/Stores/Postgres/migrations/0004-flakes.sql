-- Jobs that failed and were run again (test_name '') and the tests that were named as failing in them: how often, and how that ended.
CREATE TABLE flakes (
    repository_key text   NOT NULL,
    job_name       text   NOT NULL,
    test_name      text   NOT NULL,
    retried        bigint NOT NULL,
    passed         bigint NOT NULL,
    failed         bigint NOT NULL,
    last_seen_at   bigint NOT NULL,
    PRIMARY KEY (repository_key, job_name, test_name)
);
CREATE INDEX flakes_by_age ON flakes (last_seen_at);
