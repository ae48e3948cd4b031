"""restore: bring black-and-white film and cartoons back in colour."""

import sys

__version__ = "0.1.0"

# OpenVINO tells its makers of every import, by a thread and a process of its own, unless this package is missing.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
