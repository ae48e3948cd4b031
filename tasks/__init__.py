"""One file = one Prefect task: a step of `restore.steps` with a name, progress and retries."""

OWN = "RESTORE_OWN_SERVER"
"""In the environment of a run whose Prefect server is its own, and of workers it starts: nobody reads its events."""
