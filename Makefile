# Two commands: `make run` starts everything, `make test` tries everything. Written for GNU make 3.81.

# The newest Python on the PATH that is new enough.
NEW_ENOUGH = import sys; sys.exit(sys.version_info < (3, 11))
PYTHON = $(shell for each in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$each -c '$(NEW_ENOUGH)' 2>/dev/null && { command -v $$each; break; }; done)
HAS_VENV = $(shell $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null && echo yes)
BIN = .venv/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test lint bench test-faults screenshots vendor lock licences audit

run: .venv/run.stamp
	@exec $(BIN)/flask --app wsgi webhooks up

# Three processes also on two cores: much of the suite waits for browsers and servers.
test: .venv/test.stamp
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lint: .venv/test.stamp
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@# What it finds comes on its standard output; on the other it wonders about each exception, once a rule it tried.
	@$(BIN)/bandit -q -c pyproject.toml -r webhooks_app migrations supply wsgi.py gunicorn.conf.py 2>/dev/null

bench: .venv/test.stamp
	@$(BIN)/python -m tests.bench

# ALL=1 for the whole plan, SOAK=minutes for a mix of faults by chance.
test-faults: .venv/test.stamp
	@$(BIN)/python -m tests.faults

screenshots: .venv/test.stamp
	@$(BIN)/python -m tests.e2e.screenshots

vendor: .venv/test.stamp
	@$(BIN)/python -m supply.vendor

# requirements.lock from requirements.txt: asks the package index, and takes a minute or two.
lock: .venv/test.stamp
	@$(BIN)/python -m supply.lock

# Ends with 75 where the advisory service does not answer; supply/audit.py says why.
audit: .venv/test.stamp
	@$(BIN)/python -m supply.audit

licences: .venv/test.stamp
	@$(BIN)/python -m supply.licences

# The stamps say when pip last ran: it runs again only after the requirements have changed.
.venv/run.stamp: $(BIN)/python requirements.txt
	@echo "Installing what requirements.txt names ..."
	@$(PIP) -r requirements.txt
	@touch $@

.venv/test.stamp: .venv/run.stamp requirements-dev.txt
	@echo "Installing what requirements-dev.txt names ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@

# Also made anew when the Python that it points at is gone.
$(BIN)/python:
	$(if $(PYTHON),,$(error Python 3.11 or newer is needed and none is on the PATH))
	$(if $(HAS_VENV),,$(error This Python lacks venv: sudo apt install python3-venv))
	@echo "Making .venv with $(PYTHON) ..."
	@$(PYTHON) -m venv --clear .venv
