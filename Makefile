# Every target works alone on a machine with Python 3.11 or newer and make; `make help` lists them.
# All that is installed lies in .venv, all that is written at run time under var (SITESYNC_HOME moves it).

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name))))
BIN := .venv/bin
INSTALLED := .venv/installed
DBT := $(BIN)/dbt --quiet --no-use-colors

.PHONY: help up test check types style definitions bench requirements lock browser
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

up: $(INSTALLED) ## install, prepare and serve the product; ends by printing its address
	@$(BIN)/sitesync up --stop-with-parent

# Two workers share two cores: threads of their own would wait for each other. Files begin in the order of
# tests/conftest.py, the long ones first.
test: $(INSTALLED) browser ## run the whole test suite
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 POLARS_MAX_THREADS=1 \
	  $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 25

check: $(INSTALLED) ## format, lint, types, SQL, import rules, dbt, Dagster, migrations, tree
	@$(MAKE) --no-print-directory --jobs 2 --keep-going types style definitions

types: $(INSTALLED)
	$(BIN)/mypy

style: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/sqlfluff lint --disable-progress-bar dbt_project/models
	$(BIN)/lint-imports
	$(BIN)/python -m tests.lints.tree

definitions: $(INSTALLED)
	$(DBT) parse --no-partial-parse --project-dir dbt_project --profiles-dir dbt_project
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/dg check defs
	$(BIN)/python -m tests.lints.migrations

bench: $(INSTALLED) ## measure speed and memory; prints a table and writes JSON
	$(BIN)/python -m tests.benchmarks

requirements: $(INSTALLED) browser ## run the tests that prove requirements and report which rows are open
	$(BIN)/pytest -q -m requirement --requirements-report var/requirements.csv

lock: $(INSTALLED) ## pin every package and its hashes anew
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --group dev pyproject.toml --output-file requirements.txt

# Browser tests drive Chromium; without it, and without the right to install it, they skip and say so.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium || \
	  echo "Chromium could not be installed: browser tests will be skipped."; \
	else echo "Chromium is missing: browser tests will be skipped."; fi

# uv, itself installed by pip against its hash, installs the rest in seconds; where it cannot reach an index that pip
# can (pip's own configuration), pip does it. A run that was interrupted is repeated: the marker is written last.
$(INSTALLED): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install python3.11 or set PYTHON=<path>."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=<path>.")'
	@echo "Installing the locked packages into .venv ..."
	@$(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.txt > .venv/uv.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.txt
	@$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r requirements.txt || \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	@$(BIN)/uv pip install -q --python $(BIN)/python --offline --no-deps --no-build-isolation --editable . || \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(INSTALLED)
