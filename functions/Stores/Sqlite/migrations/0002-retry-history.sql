-- What became of earlier retries of a failure in a job, whatever the number of attempts.
CREATE INDEX attempts_by_failure ON attempts (repository_key, failure_signature, job_name, id);
