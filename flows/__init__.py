"""The doors: the flow, the command line."""
