# Everything that a fresh Debian 12 needs, and the three things to do with it. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
APT := $(shell cat apt.txt)
ROOTED := $(if $(filter 0,$(shell id -u)),,sudo)
comma := ,
READY := $(VENV)/.ready$(if $(TORCH),-torch)
EXTRAS := train,onnx,search,bench,dev
# Of what Python, system and machine requirements.lock is.
LOCKED := 3.11 linux x86_64
HERE = $(shell $(PYTHON) -c 'import platform, sys; print(*sys.version_info[:2], sep=".", end=" "); \
    print(sys.platform, platform.machine())')
C_FILES = $(shell find firmware tests -path tests/golden -prune -o -name '*.[ch]' -print -o -name '*.cc' -print)

.PHONY: help setup demo test quick lint lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(READY) ## a Python environment in .venv and every tool that is missing, with apt; TORCH=1: what .pt2 needs, too

# Bytecode is made of what is imported: of everything it takes half a minute longer.
$(READY): pyproject.toml requirements.lock apt.txt models/data.txt
	@missing=$$(for package in $(APT); do \
	    dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q ' installed$$' || echo $$package; done); \
	if [ -n "$$missing" ]; then \
	    command -v apt-get >/dev/null || { echo "error: no apt-get here; install yourself:" $$missing; exit 1; }; \
	    $(ROOTED) apt-get update; \
	    DEBIAN_FRONTEND=noninteractive $(ROOTED) apt-get install -y --no-install-recommends $$missing; \
	fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "error: $(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	if [ "$(HERE)" = "$(LOCKED)" ]; then \
	    $(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock; \
	    $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	else echo "requirements.lock is for $(LOCKED), this is $(HERE): dependencies are not held to their hashes"; fi
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[$(EXTRAS)$(if $(TORCH),$(comma)torch)]'
	$(BIN)/python -m gen.data.wheels
	$(BIN)/python -c 'from gen.device.build import prepare; prepare()'
	$(BIN)/python -m gen doctor
	@touch $@

demo: setup ## train, quantize, build, run on an emulated STM32F405, verify, report
	$(BIN)/python -m gen train digits --out build/demo
	@cmp -s build/demo/digits.tflite models/digits.tflite && echo "the trained student equals models/digits.tflite" \
	    || echo "the trained student is not the one in models/: other versions of packages or another CPU"
	$(BIN)/python -m gen verify build/demo/digits.tflite --board netduino_plus_2

test: setup lint ## every test, three at a time, as some wait for emulators
	$(BIN)/python -m pytest -n 3 --dist worksteal

quick: setup lint ## the tests of what changed and a smoke of the rest, in 4 minutes; it says what it left out
	$(BIN)/python -m tests.quick

lint: setup ## formatting, types and warnings
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run -Werror $(C_FILES)

lock: setup ## write requirements.lock anew: every dependency at its newest version, with its hash
	$(BIN)/pip install --quiet --disable-pip-version-check --dry-run --ignore-installed --report .cache/report.json \
	    -e '.[$(EXTRAS)]'
	$(BIN)/python -m tests.lock .cache/report.json > requirements.lock

clean: ## delete what was built; .venv stays
	rm -rf build .pio
