# Pushproof. `make` says what there is.

PYTHON ?= python3
VENV = .venv
SAM_VENV = .venv-sam
REFEREE_VENV = .venv-referee
WORKERS ?= auto
LOCK_VENV = .venv-lock
SAM = SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} $(SAM_VENV)/bin/sam
SOURCES = lib handlers ops sandbox tools bench
LOCKS = pip receive lambda sandbox dev sam referee lock

.DEFAULT_GOAL = help
.PHONY: help demo sandbox test simulate fuzz kills pictures check referee bench build lock clean python

include build.mk

help: ## say what there is
	@echo "Pushproof: proves that Okta's pushes to Microsoft 365 landed, and mends those that did not."
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.ready ## run the demonstration: real handlers, simulated Okta and Microsoft
	@$(VENV)/bin/python -m ops demo

sandbox: $(VENV)/.ready ## keep the simulated Okta, Microsoft and AWS running until interrupted
	@$(VENV)/bin/python -m ops sandbox

test: $(VENV)/.dev ## run the tests (ARGS=... goes to pytest, WORKERS=0 in one process)
	@$(VENV)/bin/python -m pytest -n $(WORKERS) --maxprocesses 8 --dist loadgroup \
		-m "not artifacts" --ignore tests/referee $(ARGS)

simulate: $(VENV)/.dev ## run simulated schedules (SEEDS=1..5000), or tell one (SEEDS=17)
	@$(VENV)/bin/python -m tests.simulation $(or $(SEEDS),1..5000)

fuzz: $(VENV)/.dev ## throw BODIES=... new ones at the door, the approve route and the queues
	@BODIES=$(or $(BODIES),20000) $(VENV)/bin/python -m pytest -q tests/fuzz $(ARGS)

kills: $(VENV)/.dev ## kill functions while events flow (N=100 kills, SEED=... the points)
	@KILLS=$(or $(N),25) $(VENV)/bin/python -m pytest -q tests/kills $(ARGS)

pictures: $(VENV)/.dev ## draw the pictures of docs/ again, with a browser
	@PUSHPROOF_PICTURES=1 PUSHPROOF_BROWSER=required \
		$(VENV)/bin/python -m pytest -q -m pictures tests/browser $(ARGS)

check: $(VENV)/.dev $(SAM_VENV)/.ready ## lint, types, template, and what the artifacts ship
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy --strict $(SOURCES)
	$(SAM) validate --lint --config-file samplconfig.toml
	$(VENV)/bin/python -m pytest -q tests/template tests/unit/test_artifacts.py

referee: $(VENV)/.dev $(REFEREE_VENV)/.ready ## let the vendors' own SDKs talk to the simulators
	@$(REFEREE_VENV)/bin/python -m pytest tests/referee $(ARGS)

bench: $(VENV)/.dev ## storms of 1,000 to 1,000,000 pushes on a virtual clock (ARGS="50000" for one)
	@$(VENV)/bin/python -m bench.storm $(ARGS)

build: $(SAM_VENV)/.ready ## build the Lambda artifacts into .aws-sam
	$(SAM) build --config-file samplconfig.toml

lock: $(LOCK_VENV)/.ready ## resolve requirements/*.in again into hash-pinned *.txt
	@set -e; for name in $(LOCKS); do \
		echo "requirements/$$name.txt"; \
		(cd requirements && ../$(LOCK_VENV)/bin/uv pip compile --quiet --upgrade --universal \
			--python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-header \
			$$name.in --output-file $$name.txt >/dev/null); \
	done

clean: ## remove everything that was made
	rm -rf $(VENV) $(SAM_VENV) $(REFEREE_VENV) $(LOCK_VENV) .aws-sam .pushproof build dist *.egg-info \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Every set is installed with its hashes, and again only when its file changed.
define install
	@echo "Installing $(2) into $(1)"
	@[ -x $(1)/bin/python ] || $(PYTHON) -m venv $(1)
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/pip.txt
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(2)
endef

# The pushproof command, run from these files as they are.
define command
	@PYTHONWARNINGS=ignore $(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endef

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Pushproof needs Python 3.11 or newer, and $(PYTHON) is not; name another with make PYTHON=..." >&2; exit 1; }

$(VENV)/.dev: requirements/pip.txt requirements/dev.txt pyproject.toml | python
	$(call install,$(VENV),requirements/dev.txt)
	$(call command,$(VENV))
	@touch $@

$(VENV)/.sandbox: requirements/pip.txt requirements/sandbox.txt pyproject.toml | python
	$(call install,$(VENV),requirements/sandbox.txt)
	$(call command,$(VENV))
	@touch $@

# The developers' set holds the sandbox's, so who has it needs nothing more.
.PHONY: $(VENV)/.ready
$(VENV)/.ready: $(if $(wildcard $(VENV)/.dev),$(VENV)/.dev,$(VENV)/.sandbox)

$(SAM_VENV)/.ready: requirements/pip.txt requirements/sam.txt | python
	$(call install,$(SAM_VENV),requirements/sam.txt)
	@touch $@

$(REFEREE_VENV)/.ready: requirements/pip.txt requirements/referee.txt | python
	$(call install,$(REFEREE_VENV),requirements/referee.txt)
	@touch $@

$(LOCK_VENV)/.ready: requirements/pip.txt requirements/lock.txt | python
	$(call install,$(LOCK_VENV),requirements/lock.txt)
	@touch $@
