"""The page that people look at first, `FILM.report.html`, and the same page for two films. One file, no network."""

from restore.steps.report.run import Restored, report

__all__ = ["Restored", "report"]
