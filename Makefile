# Everything a person or a machine does with this repository. Recipes use relative paths only, so the folder may
# have any name; standard input is never read.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run test test-fast check format bench demo screenshots clean \
        audit environment runtime formatted lint types unit postgresql reliability mlflow browser chromium

PYTHON_HERE := .venv/bin/python
PORT ?= 8501
PYTEST := $(PYTHON_HERE) -m pytest --durations=5 --durations-min=5
# What touches the database: run on SQLite with all the rest, and on a real PostgreSQL besides.
ON_POSTGRESQL := tests/store tests/facts tests/actions tests/queries tests/acceptance tests/test_events.py \
                 tests/test_jobs.py tests/test_with_postgresql.py tests/reliability tests/deploy
WITH_POSTGRESQL := $(PYTHON_HERE) scripts/with_postgresql.py --install --optional
TYPED := $(wildcard lifecycle pages app.py bench scripts)

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: environment ## Create .venv with everything to run, test and measure
	@echo "Ready: make run, make test."

run: runtime ## Serve at http://localhost:8501 (elsewhere: PORT=9000 make run)
	@exec env PORT="$(PORT)" $(PYTHON_HERE) app.py </dev/null

test: check unit postgresql browser ## Everything: lint, types, unit and browser tests (installs Chromium and PostgreSQL)

test-fast: check unit ## Everything that needs no browser

check: formatted lint types ## Formatting, lint and types, as CI sees them

# Needs the network: the package index says which pinned version has a known weakness.
audit: environment ## Known weaknesses of everything pinned, and the linter with its security rules
	$(PYTHON_HERE) -m ruff check --output-format concise .
	$(PYTHON_HERE) -m pip_audit --progress-spinner off --strict --disable-pip --no-deps \
	    --requirement requirements.txt --requirement constraints.txt

formatted: environment
	$(PYTHON_HERE) -m ruff format --check --output-format concise .

lint: environment
	$(PYTHON_HERE) -m ruff check --output-format concise .

types: environment
	$(PYTHON_HERE) -m mypy $(TYPED)

unit: environment
	$(PYTEST) -n 2 -m "not browser and not servers" </dev/null

# On a server that the script starts and stops. Without one to be had it says so; in CI it fails.
postgresql: environment ## What touches the database, on PostgreSQL; power cuts, outages, two servers
	$(WITH_POSTGRESQL) $(PYTEST) -n 2 -m "not browser and not once" $(ON_POSTGRESQL) </dev/null

reliability: environment ## Two hundred power cuts on each database, outages, backups, upgrades of every release
	LIFECYCLE_ROUNDS=200 $(WITH_POSTGRESQL) $(PYTEST) -n 2 -m servers tests/reliability tests/deploy </dev/null

# MLflow wants its own versions of much, hence an environment of its own; installed anew when its pins change.
mlflow: environment ## The tests of fetching readings, on a real MLflow tracking server (installs it the first time)
	@cmp -s requirements-mlflow.txt .venv-mlflow/installed.txt || { \
	    rm -rf .venv-mlflow && $(PYTHON_HERE) -m venv .venv-mlflow \
	    && .venv-mlflow/bin/python -m pip install --quiet --no-input --disable-pip-version-check \
	        -r requirements-mlflow.txt </dev/null && cp requirements-mlflow.txt .venv-mlflow/installed.txt; }
	LIFECYCLE_TEST_MLFLOW="$(CURDIR)/.venv-mlflow/bin/python" $(PYTEST) tests/test_fetching.py </dev/null

# One at a time: a browser and a server already fill the two processors these tests are meant for.
browser: environment chromium
	export LIFECYCLE_CHROMIUM="$$($(PYTHON_HERE) scripts/find_chromium.py)"; \
	$(PYTEST) -m browser </dev/null

format: environment ## Rewrite the code in house style
	$(PYTHON_HERE) -m ruff check --fix --exit-zero --quiet .
	$(PYTHON_HERE) -m ruff format .
	$(PYTHON_HERE) -m ruff check .

bench: environment ## Measure beside an empty page; writes docs/performance.md (some of it: ONLY="pages scale")
	$(PYTHON_HERE) -m bench.run $(ONLY) </dev/null

demo: runtime ## Fill the database with the fictional example portfolio
	$(PYTHON_HERE) -m lifecycle demo </dev/null

screenshots: environment chromium ## Take the README's screenshots again
	LIFECYCLE_CHROMIUM="$$($(PYTHON_HERE) scripts/find_chromium.py)" $(PYTHON_HERE) -m scripts.screenshots </dev/null

clean: ## Remove the environment and every cache; never your data
	rm -rf .venv .venv-mlflow .mypy_cache .pytest_cache .ruff_cache .hypothesis test-results bench/out
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@PYTHON="$(PYTHON)" scripts/setup.sh dev

runtime:
	@PYTHON="$(PYTHON)" scripts/setup.sh runtime

chromium: environment
	@$(PYTHON_HERE) scripts/find_chromium.py --install >/dev/null
