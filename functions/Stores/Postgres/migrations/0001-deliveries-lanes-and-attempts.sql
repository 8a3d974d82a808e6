-- The one clock of all processes, in milliseconds since 1970. In a condition it is asked as (SELECT qmoi_now()): once, so that an index can be used.
CREATE FUNCTION qmoi_now() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint';

-- Deliveries as they came, and what became of each. Room is left in each page for the change of state, which then touches no index.
CREATE TABLE deliveries (
    sequence      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    forge         text   NOT NULL,
    delivery_id   text   NOT NULL,
    event         text   NOT NULL,
    repository_id bigint,
    repository    text,
    received_at   bigint NOT NULL,
    state         text   NOT NULL,
    result        text,
    headers       text   NOT NULL,
    body          bytea  NOT NULL,
    body_sha256   bytea  NOT NULL
) WITH (fillfactor = 85);
ALTER TABLE deliveries ALTER COLUMN body SET STORAGE EXTERNAL;    -- compressed already
CREATE UNIQUE INDEX deliveries_by_id ON deliveries (forge, delivery_id);
CREATE UNIQUE INDEX deliveries_by_body ON deliveries (forge, body_sha256);

-- One row for each delivery that is not finished. Ready (run_after 0), the one in work among them, or it waits.
CREATE TABLE work (
    sequence  bigint PRIMARY KEY,
    lane      text   NOT NULL,
    run_after bigint NOT NULL,
    rank      bigint NOT NULL,           -- when it was received, less a head start for the default branch: the lowest is worked first
    tries     bigint NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000);
CREATE INDEX work_ready ON work (lane, rank, sequence) WHERE run_after = 0;
CREATE INDEX work_waiting ON work (run_after) WHERE run_after > 0;

-- One row a lane, so that a claim costs the same however much waits in lanes that are held or postponed.
CREATE TABLE lanes (
    lane         text   PRIMARY KEY,
    turn         bigint,                          -- rank of its first ready row, but not before it was last served; NULL: nothing is ready
    served_at    bigint NOT NULL DEFAULT 0,
    leased_until bigint NOT NULL DEFAULT 0,       -- 0: nobody holds it
    fence        bigint NOT NULL DEFAULT 0        -- grows with each claim and each release, so that it never comes twice
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000);
CREATE INDEX lanes_by_turn ON lanes (turn) WHERE turn IS NOT NULL AND leased_until = 0;
CREATE INDEX lanes_by_lease ON lanes (leased_until) WHERE leased_until > 0;

-- One failure on one head commit, and what was tried for it.
CREATE TABLE attempts (
    id                   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repository_key       text   NOT NULL,
    branch               text   NOT NULL,
    head                 text   NOT NULL,
    failure_signature    text   NOT NULL,
    failure_id           text   NOT NULL,
    pipeline_id          bigint NOT NULL,
    pipeline_attempt     bigint NOT NULL,
    job_id               bigint,
    job_name             text,
    number               bigint NOT NULL,
    state                text   NOT NULL,
    fix_branch           text,
    fix_head             text,
    merge_request_number bigint,
    merge_request_url    text,
    patch_hash           text,
    patch_diff           text,
    details              text   NOT NULL,
    summary              text   NOT NULL,
    created_at           bigint NOT NULL,
    updated_at           bigint NOT NULL
);
CREATE INDEX attempts_by_head ON attempts (repository_key, head);
CREATE INDEX attempts_by_branch ON attempts (repository_key, branch);
CREATE INDEX attempts_by_fix_branch ON attempts (repository_key, fix_branch) WHERE fix_branch IS NOT NULL;
CREATE INDEX attempts_by_fix_head ON attempts (repository_key, fix_head) WHERE fix_head IS NOT NULL;
CREATE INDEX attempts_by_failure ON attempts (repository_key, failure_signature, job_name, id);
CREATE INDEX attempts_by_day ON attempts (repository_key, created_at);
CREATE INDEX attempts_by_failure_id ON attempts (failure_id, created_at, repository_key);
CREATE INDEX attempts_by_fix ON attempts (repository_key, failure_id, id) WHERE patch_hash IS NOT NULL;

-- Effects on a forge: announced (result NULL) before they are done, recorded after.
CREATE TABLE effects (
    key        text PRIMARY KEY,
    result     text,
    updated_at bigint NOT NULL
);
