"""The page that people look at first, `FILM.report.html`, and the same page for two films. One file, no network."""

from restore.steps.report.compared import report as report_pair
from restore.steps.report.painted import Painting
from restore.steps.report.run import Restored, report

__all__ = ["Painting", "Restored", "report", "report_pair"]
