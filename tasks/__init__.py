"""One file = one Prefect task: a step with a name and retries."""
