# The targets are the contract of this repository; `make` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
UNIT := tests/unit
MINISTACK := .ministack/.installed
TOOLS := bandit semgrep checkov pip-licenses
SCANNERS := $(TOOLS:%=.scan/%/.installed)
LOCK := .scan/pip-tools/bin/pip-compile --quiet --generate-hashes --strip-extras --no-annotate --no-header --no-emit-index-url --no-emit-find-links --allow-unsafe
LOCKED := requirements requirements-dev requirements-ministack $(TOOLS:%=scan/%) scan/pip-tools scan/mutmut
LICENCES := MIT;MIT License;MIT-0;MIT-CMU;BSD License;BSD-2-Clause;BSD-3-Clause;ISC;Apache-2.0;Apache-2.0 OR BSD-3-Clause;SIL Open Font License 1.1 (OFL-1.1)
SHIPPED := $(shell sed -n 's/^\([A-Za-z0-9._-]*\)==.*/\1/p' requirements.txt)
MUTANTS ?= *[147]
DYNAMODB_LOCAL ?= .dynamodb-local

.PHONY: chromium hooks house rehearse fuzz mutants scan lock licences help run aws reset test coverage test-dynamodb check format lint types arrows template unit bench install pictures clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(INSTALLED): requirements.txt requirements-dev.txt
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "installing (first use)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(MINISTACK): requirements-ministack.txt
	@test -d .ministack || $(PYTHON) -m venv .ministack
	@echo "installing MiniStack for the tests (first use)"
	@.ministack/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-ministack.txt
	@touch $@

install: $(INSTALLED) ## make .venv and install what is pinned

run: $(INSTALLED) ## the whole product on this laptop, at http://127.0.0.1:8000 (PORT=... changes it)
	@exec $(BIN)/python -m local run

aws: $(INSTALLED) ## the laptop's AWS alone, for `chalice local --stage local`
	@exec $(BIN)/python -m local aws

reset: $(INSTALLED) ## forget customers, keys and drops that were added on this laptop
	@$(BIN)/python -m local reset

chromium: $(INSTALLED) ## what the browser tests drive, from PATH or CHROMIUM=..., else installed by apt-get
	@$(BIN)/python -m tests.chromium

test: $(INSTALLED) $(MINISTACK) chromium ## the whole test-suite
	@$(BIN)/python -m pytest -n 2 --dist worksteal --durations=10
	@$(BIN)/python -m tests.grants

coverage: $(INSTALLED) $(MINISTACK) chromium ## the whole test-suite, and how much of chalicelib it ran: below its limits is an error
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n 2 --dist worksteal
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage json --quiet -o .coverage-told.json
	@$(BIN)/python -m tests.branches

test-dynamodb: $(INSTALLED) ## the store tests on a DynamoDB Local of yours (DYNAMODB_LOCAL=folder or DYNAMODB_LOCAL_URL=...)
	@$(BIN)/python -m tests.dynamodb_local $(DYNAMODB_LOCAL)

unit: $(INSTALLED) ## the tests without any AWS, in half a minute
	@$(BIN)/python -m pytest -n 2 $(UNIT)

hooks: $(INSTALLED) ## have formatting, lint, types and imports looked at before each commit
	@$(BIN)/pre-commit install

format: $(INSTALLED) ## put the code into its one format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: $(INSTALLED) ## format and lint, as `make check` demands them
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: $(INSTALLED) ## mypy, strict
	@$(BIN)/mypy

arrows: $(INSTALLED) ## who may import whom
	@$(BIN)/lint-imports

template: $(INSTALLED) .scan/checkov/.installed ## cfn-lint and checkov on every stage's template, without options and with all of them
	@for stage in local dev staging production; do echo "template $$stage" && $(BIN)/python -m alarms --stage $$stage --check || exit 1; done
	@echo "template of accounts" && $(BIN)/python -m alarms --onboarding --check && $(BIN)/python -m alarms --findings-feed --check

check: lint types arrows scan test rehearse ## everything that CI checks

scan: $(INSTALLED) $(SCANNERS) template ## scanners over code, template and licences, offline, each in a virtual environment of its own
	@echo "bandit" && .scan/bandit/bin/bandit -q -c scan/bandit.yaml -r app.py chalicelib alarms ops
	@.scan/bandit/bin/bandit -q -c scan/bandit-workshop.yaml -r local bench
	@echo "semgrep" && export SEMGREP_SEND_METRICS=off SEMGREP_ENABLE_VERSION_CHECK=0 && \
	  .scan/semgrep/bin/semgrep --test --quiet scan/rules && \
	  .scan/semgrep/bin/semgrep scan --quiet --error --config scan/rules/own.yaml app.py chalicelib alarms ops local bench
	@echo "licences" && .scan/pip-licenses/bin/pip-licenses --python=$(BIN)/python --from=mixed --packages $(SHIPPED) --allow-only="$(LICENCES)" > .scan/licences.txt
	@echo "nothing unexplained found"

rehearse: $(INSTALLED) $(MINISTACK) ## a stage's whole life on MiniStack: deployed, aggregated, alarmed, rolled back, destroyed (three to six minutes)
	@$(BIN)/python -m tests.rehearsal

fuzz: $(INSTALLED) ## 50,000 hostile requests at a server of its own: no server error, flat memory (five minutes)
	@$(BIN)/python -m tests.fuzz

mutants: $(INSTALLED) .scan/mutmut/.installed ## domain changed one thing at a time, and what no unit test notices (half an hour; MUTANTS='*' for all)
	@rm -rf mutants && mkdir mutants && echo "mutmut (its words are in mutants/run.log)"
	@.scan/mutmut/bin/mutmut run --max-children 1 '$(MUTANTS)' > mutants/run.log 2>&1 || { tail -n 20 mutants/run.log; exit 1; }
	@$(BIN)/python -m tests.mutants

licences: $(INSTALLED) .scan/pip-licenses/.installed ## docs/licences.md: what is shipped with the app, and under which licence
	@{ echo "# What is shipped with the app"; echo; .scan/pip-licenses/bin/pip-licenses --python=$(BIN)/python --from=mixed --format=markdown \
	  --with-urls --packages $(SHIPPED); } > docs/licences.md

lock: .scan/pip-tools/.installed ## pin all dependencies anew, with hashes, from the .in files
	@for name in $(LOCKED); do echo $$name; $(LOCK) $$name.in -o $$name.txt || exit 1; done

.scan/%/.installed: scan/%.txt
	@test -d .scan/$* || $(PYTHON) -m venv .scan/$*
	@echo "installing $* (first use)"
	@.scan/$*/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

bench: $(INSTALLED) ## speed, reads and memory against their limits (seven minutes)
	@$(BIN)/python -m bench

house: $(INSTALLED) ## what the house is made of, counted: docs/modules.md and the numbers in docs/architecture.md
	@$(BIN)/python -m docs.modules
	@$(BIN)/python -m docs.house

pictures: $(INSTALLED) chromium ## the README's pictures, from a running `make run`
	@$(BIN)/python -m docs.pictures

clean: ## remove .venv and everything made here
	@rm -rf $(VENV) .ministack .scan .local .deploy mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage*
