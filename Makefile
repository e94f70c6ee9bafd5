# Everything one does with this project. `make` alone explains itself.
#
# Needed: make and Python >= 3.11 with its venv module. What else a target wants (root, Node), it says.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)
PYTEST := $(BIN)/python -m pytest
# Many tests wait for something: one more runs than there are cores, on a real Kubernetes each with one of its own.
JOBS ?= $(shell echo $$((1 + $$(getconf _NPROCESSORS_ONLN))))
CLUSTERS ?= $(JOBS)
ARGS ?=

# What was compiled once, by whichever process of the tests, is compiled for all.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test real bench bench-full pictures check conformance docs clean

help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS='|' read -r name text; do \
		printf '  make %-12s %s\n' "$$name" "$$text"; done

setup: $(STAMP) ## Make .venv and install the project into it, in place

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name one with make PYTHON=..." >&2; exit 1; }
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --version | grep -Eq '^pip (2[6-9]|25\.[1-9])' || $(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@echo "installing into $(VENV)"
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

demo: setup ## Watch an update, a bad version taken back, and the story of both (ARGS=--keep leaves it running)
	@$(BIN)/dot-ai demo $(ARGS)

test: setup ## Every test that needs no root, with coverage and its bounds
	@rm -rf .coverage
	PYTEST_PLUGINS=tests.coverage_plugin $(PYTEST) -n $(JOBS) --dist worksteal -m 'not real' -q tests $(ARGS)
	$(BIN)/python -m tests.coverage_gate

real: setup ## The tests on a real Kubernetes (root; tests/real/README.md says what else)
	$(PYTEST) --real -m real -n $(CLUSTERS) -q tests $(ARGS)

bench: setup ## Measure speed and size, and write docs/benchmarks.md
	$(BIN)/python -m benchmarks $(ARGS)

bench-full: setup ## Every update of the matrix under traffic, and a hundred in a row; writes docs/benchmarks-full.md
	$(BIN)/python -m benchmarks full

pictures: setup ## Take the guide's picture of each update strategy on a real cluster (ARGS=NAME for one)
	$(BIN)/python -m benchmarks pictures $(ARGS)

check: setup ## Style, types and the laws of the house
	@failed=0; for command in \
		'$(BIN)/ruff check .' \
		'$(BIN)/ruff format --check .' \
		'$(BIN)/mypy' \
		'$(PYTEST) -q tests/laws -k "not crashes and not changes" $(ARGS)'; do \
		echo "$$command"; eval "$$command" || failed=1; done; exit $$failed

conformance: setup ## Other people's MCP clients against this server (needs Node)
	$(BIN)/python -m tests.conformance

docs: setup ## Write the pages that are made from the code
	$(BIN)/python -m tests.docs.generate_tools
	$(BIN)/python -m benchmarks.pictures

clean: ## Remove what the targets made, .venv included
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
