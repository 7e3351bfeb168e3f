# `make run`, `make demo`, `make test`, `make lint`, `make bench`, `make soak`: each sets up .venv first, once.

PYTHON_BIN := .venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run demo bench soak test lint
.DEFAULT_GOAL := help

help:
	@echo 'make run    start everything and import the example, or the files in LEGACY_DIR; Ctrl-C stops'
	@echo 'make demo   the journey in one go, then a summary; DATA=/path/data.json runs it on a copy of that file, or of a folder'
	@echo 'make test   all tests, on real PostgreSQL and Valkey'
	@echo 'make lint   ruff, mypy, import directions, missing migrations'
	@echo 'make bench  measure, and print ratios'
	@echo 'make soak   many processes, faults at random, and nothing may be lost: docs/soak.md'

run: .venv/runtime.stamp
	@exec $(PYTHON_BIN) -m config.run

# With HANDOVER=0, also in the environment, no bot is started, and aiogram is not needed.
demo: $(if $(filter 0,$(HANDOVER)),.venv/runtime.stamp,.venv/demo.stamp)
	@exec $(PYTHON_BIN) -m config.demo

bench: .venv/dev.stamp
	@exec $(PYTHON_BIN) -m tests.bench

soak: .venv/dev.stamp
	@exec $(PYTHON_BIN) -m tests.soak $(ARGS)

# `logical`, not `auto`: where psutil is installed the latter counts two hardware threads as one.
test: .venv/dev.stamp
	@exec $(PYTHON_BIN) -m pytest -n $(or $(WORKERS),logical) $(ARGS)

lint: .venv/dev.stamp
	@PATH="$(CURDIR)/.venv/bin:$$PATH" sh .ci/lint

# A stamp is written last: an install that was cut short is done again.
.venv/runtime.stamp: requirements.txt
	@sh .ci/venv requirements.txt $@

.venv/demo.stamp: requirements-demo.txt requirements.txt
	@sh .ci/venv requirements-demo.txt $@

.venv/dev.stamp: requirements-dev.txt requirements-demo.txt requirements.txt
	@sh .ci/venv requirements-dev.txt $@
