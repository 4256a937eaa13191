# Two commands are enough: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/sh
PYTHON := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test lint format bench torture docs lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv from requirements.txt (skipped when nothing changed)
	@scripts/setup.sh

setup-dev: ## the same with what tests and linters need
	@scripts/setup.sh --dev

demo: setup ## the whole hub on simulated vendors; ONCE=1 runs every flow once and ends
	@exec $(PYTHON) manage.py demo $(if $(filter-out 0 no false,$(ONCE)),--once)

test: ## lint, then every test on SQLite and on PostgreSQL
	@exec scripts/test.sh

lint: setup-dev ## style, types, import directions, migrations, settings
	@exec scripts/lint.sh

format: setup-dev ## put the code into the house's format
	@$(PYTHON) -m ruff check --fix-only --quiet . && $(PYTHON) -m ruff format --quiet .

bench: ## measure the hub against its goals, 25 minutes; ARGS="--quick" or "--only P9" for less
	@scripts/setup.sh --bench
	@exec $(PYTHON) -m tests.bench $(ARGS)

torture: setup-dev ## pull the plug 1,000 times, push 10,000 values; ARGS="--pulls 50 --seed 7" for less
	@exec $(PYTHON) -m tests.torture $(ARGS)

docs: setup ## write docs/vendors/ anew from what the vendors' folders declare
	@$(PYTHON) scripts/vendor_pages.py

lock: ## write the lock files anew from the *.in files (needs uv)
	@exec scripts/lock.sh

clean: ## remove what tools left behind; the virtual environment and var/ stay
	@rm -rf .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache htmlcov
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
