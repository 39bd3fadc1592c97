# The daily commands. Everything runs in .venv, made from requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: run test test-faults test-thorough lint bench lock clean

run: $(INSTALLED)
	@$(BIN)/crm demo complete-journey --if-empty
	@$(BIN)/crm run

test: $(INSTALLED)
	$(BIN)/pytest --numprocesses auto --dist loadscope --no-loadscope-reorder

# Runs that are stopped on their way: for changes of how a run begins, ends and publishes.
test-faults: $(INSTALLED)
	$(BIN)/pytest -m faults

# What is tested on some examples every time, on many: for changes of ingest,
# and of what goes on from the last build. Other histories of that: see --seeds.
test-thorough: $(INSTALLED)
	$(BIN)/pytest --numprocesses auto --hypothesis-profile many -m "not faults" \
		tests/test_histories.py tests/test_fuzzed_builds.py

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	@mkdir -p build/lint/build
	CRM_DATA=$(CURDIR)/build/lint $(BIN)/sqlfluff lint --disable-progress-bar dbt_models/models

bench: $(INSTALLED)
	$(BIN)/python -m tests.bench

# Needs uv (https://docs.astral.sh/uv); writes hashes for Python 3.11 to 3.13, no index address.
lock:
	uv pip compile pyproject.toml --extra dlt --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --quiet \
		--custom-compile-command "make lock" --output-file requirements.lock

clean:
	rm -rf $(VENV)

$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v <= (3, 13) and "crm-warehouse needs Python 3.11 to 3.13; this is %d.%d. Run: make PYTHON=python3.12 run" % v)'
	@echo "Setting up $(VENV) from requirements.lock (once; a minute or two) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
