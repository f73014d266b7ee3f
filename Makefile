# The targets are the contract of this repository; `make` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
UNIT := tests/unit
MINISTACK := .ministack/.installed
DYNAMODB_LOCAL ?= .dynamodb-local

.PHONY: help run aws reset test test-dynamodb check format lint types arrows template unit bench install pictures clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(INSTALLED): requirements.txt requirements-dev.txt
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "installing (first use)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(MINISTACK): requirements-ministack.txt
	@test -d .ministack || $(PYTHON) -m venv .ministack
	@echo "installing MiniStack for the tests (first use)"
	@.ministack/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-ministack.txt
	@touch $@

install: $(INSTALLED) ## make .venv and install what is pinned

run: $(INSTALLED) ## the whole product on this laptop, at http://127.0.0.1:8000 (PORT=... changes it)
	@exec $(BIN)/python -m local run

aws: $(INSTALLED) ## the laptop's AWS alone, for `chalice local --stage local`
	@exec $(BIN)/python -m local aws

reset: $(INSTALLED) ## forget customers, keys and drops that were added on this laptop
	@$(BIN)/python -m local reset

test: $(INSTALLED) $(MINISTACK) ## the whole test-suite
	@$(BIN)/python -m pytest -n 2

test-dynamodb: $(INSTALLED) ## the store tests on a DynamoDB Local of yours (DYNAMODB_LOCAL=folder or DYNAMODB_LOCAL_URL=...)
	@$(BIN)/python -m tests.dynamodb_local $(DYNAMODB_LOCAL)

unit: $(INSTALLED) ## the tests without any AWS, in seconds
	@$(BIN)/python -m pytest $(UNIT)

format: $(INSTALLED) ## put the code into its one format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: $(INSTALLED) ## format and lint, as `make check` demands them
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: $(INSTALLED) ## mypy, strict
	@$(BIN)/mypy

arrows: $(INSTALLED) ## who may import whom
	@$(BIN)/lint-imports

template: $(INSTALLED) ## cfn-lint on every stage's template
	@for stage in local dev staging production; do \
	  $(BIN)/python -m alarms --stage $$stage > .local-template.json && $(BIN)/cfn-lint .local-template.json || exit 1; \
	done; rm -f .local-template.json

check: lint types arrows template test ## everything that CI checks

bench: $(INSTALLED) ## speed, reads and memory against their limits (seven minutes)
	@$(BIN)/python -m bench

pictures: $(INSTALLED) ## the README's pictures, from a running `make run`
	@$(BIN)/python docs/pictures.py

clean: ## remove .venv and everything made here
	@rm -rf $(VENV) .ministack .local .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
