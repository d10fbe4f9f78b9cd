# The two commands: `make review` shows what kpilab does, `make test` shows that it works.
# Needs Python 3.11 or newer and make. Another Python: make review PYTHON=python3.12

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
CASE   ?= data/shop
OUT    ?= review
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup review lab lint types test docs

help:
	@echo "make review   set up and review the bundled case (CASE=folder for yours, OUT=folder for the report)"
	@echo "make lab      set up and open the notebooks in JupyterLab"
	@echo "make test     set up, then lint, types and tests (SLOW=1: those over many random worlds, too)"
	@echo "make docs     set up and build the documentation into site/ (read it: python3 -m http.server -d site)"

setup: $(READY)

# uv installs in seconds what takes pip minutes; where it cannot run, pip does the same from the same lock.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("kpilab needs Python 3.11 or newer: make PYTHON=/path/to/python" if sys.version_info < (3, 11) else 0)'
	@echo "setting up $(VENV) (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@{ $(BIN)/python -m pip install --quiet --disable-pip-version-check uv \
	   && $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock; } \
	 || { echo "uv cannot install here; using pip, which takes some minutes"; \
	      $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

review: $(READY)
	@$(BIN)/kpilab review $(CASE) --out $(OUT)

lab: $(READY)
	@$(BIN)/kpilab lab

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/basedpyright

# Types are checked beside the tests. Kernels are compiled once before, not by every worker.
test: lint
	@$(BIN)/basedpyright > $(VENV)/types.log 2>&1 & types=$$!; \
	 $(BIN)/python -m kpilab.engine.events.warming; \
	 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(if $(SLOW),,-m "not slow"); tests=$$?; \
	 if wait $$types; then echo "types: ok"; else cat $(VENV)/types.log; exit 1; fi; exit $$tests

# The documentation's tools are not in the lock: they are installed by name, once. Building needs no network.
docs: $(READY)
	@$(BIN)/python -c 'import material, mkdocstrings_handlers.python' 2>/dev/null \
	 || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'mkdocs-material>=9.5' 'mkdocstrings[python]>=0.27'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "site/index.html"
