"""restore: bring black-and-white film and cartoons back in colour."""

__version__ = "0.1.0"
