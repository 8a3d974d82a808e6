-- What an admin has switched: modules that are off, the emergency stop, and the head of the audit chain. Changed together with the audit.
CREATE TABLE controls (
    name  text PRIMARY KEY,
    value text NOT NULL
);
INSERT INTO controls (name, value) VALUES ('audit_head', '0 ');

-- Who did what. Each row's hash covers the one before.
CREATE TABLE audit (
    sequence bigint PRIMARY KEY,
    at       bigint NOT NULL,
    actor    text   NOT NULL,
    act      text   NOT NULL,
    details  text   NOT NULL,
    hash     text   NOT NULL
);

-- Those that were given up are counted, whatever the history.
CREATE INDEX deliveries_dead ON deliveries (sequence) WHERE state = 'dead';
