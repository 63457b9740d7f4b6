# Two commands set up everything on a machine that has Python 3.11 or newer and make: `make demo` and `make test`.
# Each builds .venv from constraints.txt, so that the same versions are installed next year.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
# Shows a command and runs it as one would type it in out/; progress is for a terminal.
QUIET := $(if $(MAKE_TERMERR),,--quiet)
typed = echo '$$ costctl $(1)' && ../$(BIN)/costctl $(1) $(QUIET) && echo

.DEFAULT_GOAL := help
.PHONY: help demo test check bench calibrate fuzz schemas docs validators clean

help: ## what each target does
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "costctl needs Python 3.11 or newer; name one with: make PYTHON=python3.12 demo" >&2; exit 2; }
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/demo: .venv/python pyproject.toml constraints.txt
	@echo "Installing costctl into .venv"
	@$(PIP) --editable .
	@touch $@

.venv/test: .venv/python pyproject.toml constraints.txt
	@echo "Installing costctl and what its tests need into .venv"
	@$(PIP) --editable '.[test]'
	@touch $@

.venv/dev: .venv/test
	@$(PIP) --editable '.[test,dev]'
	@touch $@

demo: .venv/demo ## from sample traces to a routing policy: analyze, recommend, emit; all it makes is in out/
	@rm -rf out && mkdir -p out && cp sample_traces/costctl.toml out/
	@cd out && $(call typed,analyze ../sample_traces/requests.jsonl.gz)
	@cd out && $(call typed,recommend)
	@cd out && $(call typed,emit --target policy -o policy.json)
	@cd out && $(call typed,emit --target triton --policy policy.json -o config.pbtxt)
	@cd out && $(call typed,emit --target litellm --policy policy.json -o litellm.yaml)

test: .venv/test ## the test suite, long laws at fewer examples; all of them: COSTCTL_THOROUGH=1 make test
	@$(BIN)/python -m pytest

check: .venv/dev ## format, lint, types, docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/architecture tests/docs/test_links.py tests/docs/test_generated_pages.py

bench: .venv/test ## ratios against what one would do instead, side by side in one run
	@$(BIN)/python -m bench.ingest
	@$(BIN)/python -m bench.growth
	@$(BIN)/python -m bench.million
	@$(BIN)/python -m bench.bought
	@$(BIN)/python -m bench.replay
	@$(BIN)/python -m bench.start
	@$(BIN)/python -m bench.report
	@$(BIN)/python -m bench.receiver
	@$(BIN)/python -m bench.placement

calibrate: .venv/test ## figures of fresh worlds against their truth: marginal cost, savings of bought tokens and of own pools, what was delivered, replicas, forecasts; writes their pages
	@nice -n 15 $(BIN)/python -m bench.calibrate
	@nice -n 15 $(BIN)/python -m bench.promises
	@nice -n 15 $(BIN)/python -m bench.delivered
	@nice -n 15 $(BIN)/python -m bench.owned_wastes
	@nice -n 15 $(BIN)/python -m bench.capacity
	@nice -n 15 $(BIN)/python -m bench.forecast_accuracy

.venv/fuzz: .venv/test
	@$(PIP) --editable '.[test,fuzz]'
	@touch $@

fuzz: .venv/fuzz ## 200,000 mutated inputs through every reader, and generated ones through hypothesis
	@$(BIN)/python -m fuzz.guided --inputs 200000
	@$(BIN)/python -m fuzz.discreet --inputs 10000
	@COSTCTL_THOROUGH=80 $(BIN)/python -m pytest tests/ingest/test_fuzz.py

schemas: .venv/demo ## write schemas/ and the pages that are made from the code
	@$(BIN)/python scripts/write_schemas.py
	@$(BIN)/python scripts/write_relations_page.py
	@$(BIN)/python scripts/write_dialects_page.py
	@$(BIN)/python scripts/write_formats_page.py
	@$(BIN)/python scripts/write_telemetry_page.py
	@$(BIN)/python scripts/write_focus_page.py
	@$(BIN)/python scripts/write_architecture_page.py
	@$(BIN)/python scripts/write_levers_page.py
	@$(BIN)/python scripts/write_metrics_page.py
	@$(BIN)/python scripts/write_screens_picture.py

docs: schemas .venv/test ## the same, and the README's pictures of the weekly review, for which a Chromium must be installed
	@$(BIN)/python scripts/draw_report_pictures.py

validators: ## build the consumers' own validators, and real clients, under .validators/
	@bash scripts/make_validators.sh

clean: ## remove what the targets made
	@rm -rf .venv .validators out
