# make run    set up if need be, then open the window
# make test   the same set-up, then every check and test, offscreen
# make check  format, lint, types, layers, tests, without the set-up
# make bench  measure, and print what was measured; beside peers after make bench-peers

PYTHON ?= python3
VENV := .venv
PEERS := .venv-peers
BIN := $(VENV)/bin
# On all processors, up to four; a file's tests stay together, and share what they set up.
PYTEST := QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -q \
	--numprocesses auto --maxprocesses 4 --dist loadfile
LOCK := --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links

.PHONY: run test check bench bench-peers lint tests coverage clean pictures sample lock

run: $(VENV)/.run
	$(BIN)/converge-desktop

test: $(VENV)/.dev lint tests

check: lint tests

lint:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

tests: coverage
	$(PYTEST) --ignore tests/core --ignore core

# The core's own tests, which must reach at least 98 % of its branches.
coverage:
	COVERAGE_FILE=$(VENV)/coverage $(PYTEST) tests/core core \
		--cov=converge_core --cov-branch --cov-fail-under=98 --cov-report=term:skip-covered

bench: $(VENV)/.dev
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m tests.bench

# The ledger beside LangGraph and Burr, which are set up in an environment of their own.
bench-peers: $(PEERS)/.peers $(VENV)/.dev
	$(BIN)/python -m tests.bench ledger

$(PEERS)/.peers: requirements-peers.lock
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --require-hashes --requirement $<
	touch $@

$(VENV)/.run: requirements.lock pyproject.toml packaging/setup.sh
	PYTHON=$(PYTHON) packaging/setup.sh $(VENV) requirements.lock
	touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml packaging/setup.sh
	PYTHON=$(PYTHON) packaging/setup.sh $(VENV) requirements-dev.lock
	touch $@ $(VENV)/.run

# Pins every dependency, with hashes.
lock:
	uv pip compile $(LOCK) --group build -o requirements-build.lock
	uv pip compile $(LOCK) pyproject.toml -o requirements.lock
	uv pip compile $(LOCK) pyproject.toml --group dev -o requirements-dev.lock
	uv pip compile $(LOCK) --group peers -o requirements-peers.lock

# The pictures of the README, of the real app over the sample.
pictures: $(VENV)/.dev
	QT_QPA_PLATFORM=offscreen $(BIN)/python packaging/pictures.py resources/docs

# The sample: this project's own history with its own reports.
sample: $(VENV)/.dev
	$(BIN)/python packaging/sample/make_sample.py

clean:
	rm -rf $(VENV) $(PEERS)
