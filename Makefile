# Two commands for a fresh machine: `make demo` and `make test`. Both need Python 3.11+ and a line to PyPI.
PYTHON ?= python3
# Compiled once, of what a run imports: all modules would be 150 MB more, none at all four seconds more at each start.
IMPORTS = import prefect.server.api.server, uvicorn, restore.flows.cli, restore.flows.restore_reel, restore.demo.film
COMPILE = env -u PYTHONDONTWRITEBYTECODE
PIP_FLAGS = --quiet --disable-pip-version-check --no-compile --require-hashes

.PHONY: help demo test check clean

help:
	@echo "make demo   make a small film, restore it, say where the results are (base install, no torch)"
	@echo "make test   run all tests (installs everything, torch too: several GB)"
	@echo "make check  what CI runs: format, lint, types, floors, tests, wheel"
	@echo "make clean  remove the virtual environments and what demo made"

# An environment is made again when its lock changes, and reused otherwise.
.venv/ready: locks/base.txt pyproject.toml
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install $(PIP_FLAGS) -r locks/base.txt
	.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --no-compile -e .
	$(COMPILE) .venv/bin/python -c "$(IMPORTS)"
	@touch $@

.venv-test/ready: locks/all.txt pyproject.toml
	$(PYTHON) -m venv --clear .venv-test
	.venv-test/bin/python -m pip install $(PIP_FLAGS) -r locks/all.txt
	.venv-test/bin/python -m pip install --quiet --no-deps --no-build-isolation --no-compile -e .
	$(COMPILE) .venv-test/bin/python -c "$(IMPORTS)"
	@touch $@

demo: .venv/ready
	.venv/bin/restore demo --out demo

test: .venv-test/ready
	.venv-test/bin/python -m pytest

check: .venv-test/ready
	PATH="$(CURDIR)/.venv-test/bin:$$PATH" scripts/check

clean:
	rm -rf .venv .venv-test demo
