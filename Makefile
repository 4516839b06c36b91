# Everything starts from a fresh clone with Python >= 3.11 (with venv), a C compiler and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
LOCKS := requirements-build.lock requirements.lock requirements-dev.lock

.PHONY: demo test serve bench check format lock clean

# The build tools come first, from their own lock, so that packages built from source use checked tools too.
$(VENV)/.runtime: requirements-build.lock requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-build.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r requirements-dev.lock
	touch $@

demo: $(VENV)/.runtime
	$(BIN)/yougang demo

serve: $(VENV)/.runtime
	$(BIN)/yougang serve

# A process for each processor; the tests of one file stay in one, where they share what took long to make.
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n logical --dist loadfile

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tests.checks.one_door

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/.bench: $(VENV)/.dev requirements-bench.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r requirements-bench.lock
	touch $@

bench: $(VENV)/.bench
	$(BIN)/python -m bench

# Needs uv. No index address is written into the lock files.
lock:
	for name in requirements-build requirements requirements-dev requirements-bench; do \
	  uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    $$name.in -o $$name.lock || exit 1; done

clean:
	rm -rf $(VENV) var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
