-- Retries of a repository within a day, and repositories that fail alike within minutes, whatever the number of attempts.
CREATE INDEX attempts_by_day ON attempts (repository_key, created_at);
CREATE INDEX attempts_by_failure_id ON attempts (failure_id, created_at, repository_key);

-- What became of earlier fixes.
CREATE INDEX attempts_by_fix ON attempts (repository_key, failure_id, id) WHERE patch_hash IS NOT NULL;
