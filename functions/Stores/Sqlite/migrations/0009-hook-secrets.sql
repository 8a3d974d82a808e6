-- What single webhooks prove themselves by, made by 'qmoi install'. Times in milliseconds.
CREATE TABLE hook_secrets (
    forge        TEXT    NOT NULL,
    scope        TEXT    NOT NULL,    -- repository or group
    id           INTEGER NOT NULL,
    path         TEXT    NOT NULL,
    sealed       BLOB    NOT NULL,    -- encrypted always
    old_until    INTEGER,             -- until then the secrets before these count too
    weaker_until INTEGER,             -- until then what is not signed is proved by its secret
    changed_at   INTEGER NOT NULL,
    PRIMARY KEY (forge, scope, id)
) WITHOUT ROWID;
