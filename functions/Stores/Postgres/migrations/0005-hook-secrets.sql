-- What single webhooks prove themselves by, made by 'qmoi install'. Times in milliseconds.
CREATE TABLE hook_secrets (
    forge        text   NOT NULL,
    scope        text   NOT NULL,    -- repository or group
    id           bigint NOT NULL,
    path         text   NOT NULL,
    sealed       bytea  NOT NULL,    -- encrypted always
    old_until    bigint,             -- until then the secrets before these count too
    weaker_until bigint,             -- until then what is not signed is proved by its secret
    changed_at   bigint NOT NULL,
    PRIMARY KEY (forge, scope, id)
);
