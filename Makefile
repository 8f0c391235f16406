# The two commands a new user needs are `make warehouse` and `make test`; everything else serves them.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
KILLS ?= 50

.PHONY: help warehouse metrics test lint mutation faults bench bench-scale lock clean
.DEFAULT_GOAL := help

help: ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# --no-deps: the lock is complete and leaves one optional dependency of dbt-core out (see [tool.uv] in pyproject.toml).
$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(STAMP)

lock: ## Recompile requirements.lock (needs uv on the PATH).
	uv pip compile pyproject.toml --extra dev --extra metrics --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --output-file requirements.lock

warehouse: $(STAMP) ## Build, test and publish warehouse/kommunlager.duckdb.
	$(BIN)/kommunlager build

metrics: $(STAMP) ## Make the metrics ready for `mf`, and list them.
	$(BIN)/dbt parse --quiet
	$(BIN)/mf list metrics

lint: $(STAMP) ## Ruff, mypy and sqlfluff.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	KOMMUNLAGER_DATABASE=:memory: DBT_SEND_ANONYMOUS_USAGE_STATS=false $(BIN)/sqlfluff lint models --processes 0

# pytest builds the warehouse of the checked-in data once, with every test of dbt (real_warehouse in conftest.py).
test: lint ## Everything: lint, and pytest, which builds the warehouse in a scratch place.
	$(BIN)/pytest -n auto --dist loadgroup

mutation: $(STAMP) ## Change every guarded number in many ways: do the checks find it? ARGS="--json" for programs.
	PYTHONPATH=tests $(BIN)/python -m mutation $(ARGS)

faults: $(STAMP) ## Kill the nightly run at fifty moments, fill its disk; many minutes. KILLS=10 for fewer.
	KOMMUNLAGER_KILLS=$(KILLS) $(BIN)/pytest -n 0 -s tests/pytest/test_faults.py tests/pytest/test_publish.py

bench: $(STAMP) ## Time and memory of extract and build, by parts.
	$(BIN)/python tests/bench/bench.py

bench-scale: $(STAMP) ## The build of a country's reports: time, memory, growth. SCALES="1 10" for percent of it.
	$(BIN)/python tests/bench/scale.py $(SCALES)

clean: ## Remove what was built, except .venv.
	rm -rf warehouse target logs build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
