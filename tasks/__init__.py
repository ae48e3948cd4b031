"""One file = one Prefect task: a step of `restore.steps` with a name, progress and retries."""
