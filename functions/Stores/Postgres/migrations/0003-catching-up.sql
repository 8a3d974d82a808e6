-- How far catching up has looked, and what it has to tell: times in milliseconds, ids at the forges, the lease of the one process that does it.
CREATE TABLE sweep_marks (
    name  text   PRIMARY KEY,
    value bigint NOT NULL,
    note  text   NOT NULL DEFAULT ''
);
INSERT INTO sweep_marks (name, value) VALUES ('lease', 0);

-- Repositories that deliveries came from.
CREATE TABLE known_repositories (
    forge         text   NOT NULL,
    repository_id bigint NOT NULL,
    name          text   NOT NULL,
    first_seen_at bigint NOT NULL,
    last_seen_at  bigint NOT NULL,
    looked_until  bigint,                   -- what ended there before is known
    PRIMARY KEY (forge, repository_id)
);
