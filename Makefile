# Everything a developer runs, and continuous integration runs the same. Needs make and Python 3.11 to 3.14.

VENV := .venv
BIN := $(VENV)/bin
LOG := $(VENV)/pip.log

# PYTHON=/path/to/python   the Python to make .venv with; by default the first that fits
# TORCH=cuda               the ordinary build of PyTorch, for NVIDIA GPUs; by default the much smaller CPU build
# TORCH_INDEX=URL          where the CPU build comes from, besides pip's own indexes and wheel folders
TORCH ?= $(if $(wildcard $(VENV)/.torch-cuda),cuda,cpu)
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH_VERSION := $(shell sed -n 's/^torch==//p' constraints.txt)

PINS := pyproject.toml constraints.txt
PIP_INSTALL := $(BIN)/python -m pip install -c constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# $(call quietly,COMMAND): run COMMAND; show what it said only if it fails.
quietly = $(1) >$(LOG) 2>&1 || { tail -n 40 $(LOG); echo "That failed; all that pip said is in $(LOG)."; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow lint format docs-check bench bench-quality build clean

help:
	@echo "make demo            install Isthmus into .venv, train a first model and look at it"
	@echo "make test            install what developers need; ruff, mypy and the fast tests (minutes)"
	@echo "make setup           only install, for development"
	@echo "make test-slow       the tests that train for minutes"
	@echo "make lint            ruff and mypy"
	@echo "make format          let ruff put the code in order"
	@echo "make docs-check      run every example in the documentation"
	@echo "make bench           measure speed and memory, side by side with others (installs them into .venv-peers)"
	@echo "make bench-quality   measure the quality of the models on real data"
	@echo "make build           the wheel and the source archive, in dist/"
	@echo "make clean           remove .venv and everything that was built or cached"
	@echo "Options: PYTHON=/path/to/python, TORCH=cuda (PyTorch for NVIDIA GPUs; default: the CPU build)"

setup: $(VENV)/.dev
	@echo "Ready: $(BIN)/isthmus, $(BIN)/pytest"

demo: $(VENV)/.plain
	@echo "Running the demo: $(BIN)/isthmus demo"
	@$(BIN)/isthmus demo

test: lint
	@echo "Running the tests (pytest -n 2)"
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m "not slow"

test-slow: $(VENV)/.dev
	@echo "Running the slow tests (pytest -m slow)"
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m slow

lint: $(VENV)/.dev
	@echo "Checking style (ruff check)"
	@$(BIN)/ruff check
	@echo "Checking layout (ruff format)"
	@$(BIN)/ruff format --check
	@echo "Checking types (mypy)"
	@$(BIN)/mypy

format: $(VENV)/.dev
	@echo "Putting the code in order (ruff)"
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

docs-check: $(VENV)/.dev
	@echo "Running the examples in docstrings, README and docs (pytest --doctest-modules)"
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 src docs $(wildcard README*.md)

# The others' libraries go into an environment of their own.
bench:
	@$(MAKE) --no-print-directory VENV=.venv-peers .venv-peers/.dev
	@echo "Installing what Isthmus is measured against into .venv-peers"
	@.venv-peers/bin/python -m pip install -c constraints.txt -r benchmarks/speed/peers.txt >.venv-peers/pip.log 2>&1 \
	    || { tail -n 40 .venv-peers/pip.log; exit 1; }
	@echo "Measuring speed (python -m benchmarks.speed all)"
	@.venv-peers/bin/python -m benchmarks.speed all

bench-quality: $(VENV)/.dev
	@echo "Measuring quality (python -m benchmarks.quality all)"
	@$(BIN)/python -m benchmarks.quality all

build: $(VENV)/.dev
	@echo "Building the wheel and the source archive into dist/"
	@$(BIN)/python -m build

clean:
	@echo "Removing .venv, .venv-peers, build/, dist/ and caches"
	@rm -rf $(VENV) .venv-peers build dist .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# -- installing: each step leaves a stamp in .venv and is repeated only when the pins change ---------

# The target is pip, which venv puts there last: an interrupted or failed attempt is repeated.
$(BIN)/pip:
	@for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.14); do \
	    if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then \
	        echo "Creating $(VENV) with $$("$$python" --version)"; \
	        "$$python" -m venv $(VENV); exit $$?; \
	    fi; \
	done; \
	echo "Isthmus needs Python 3.11 to 3.14."; \
	echo "$(or $(PYTHON),python3) here is: $$($(or $(PYTHON),python3) --version 2>&1 | head -n 1)"; \
	echo "Install a newer one and say where it is: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; \
	exit 1

# On Linux the ordinary build of PyTorch brings gigabytes of CUDA libraries, so the CPU build is asked for by name.
$(VENV)/.torch-cpu: constraints.txt | $(BIN)/pip
	@if [ "$$(uname -s)" = Linux ]; then \
	    echo "Installing PyTorch $(TORCH_VERSION), CPU build (for an NVIDIA GPU: make TORCH=cuda $(MAKECMDGOALS))"; \
	    $(PIP_INSTALL) --no-deps --retries 1 --timeout 30 --extra-index-url $(TORCH_INDEX) \
	        "torch==$(TORCH_VERSION)+cpu" >$(LOG) 2>&1 \
	        || echo "  There is none for this machine, or $(TORCH_INDEX) cannot be reached: taking the ordinary build"; \
	fi
	@rm -f $(VENV)/.torch-cuda; touch $@

$(VENV)/.torch-cuda: constraints.txt | $(BIN)/pip
	@echo "Installing PyTorch $(TORCH_VERSION), ordinary build with CUDA (a large download)"
	@$(call quietly,$(PIP_INSTALL) "torch===$(TORCH_VERSION)")
	@rm -f $(VENV)/.torch-cpu; touch $@

$(VENV)/.plain: $(VENV)/.torch-$(TORCH) $(PINS)
	@echo "Installing Isthmus and what it needs into $(VENV) (about a minute)"
	@$(call quietly,$(PIP_INSTALL) -e '.[plot]')
	@touch $@

# What developers need includes all that users need: this stamp serves for both.
$(VENV)/.dev: $(VENV)/.torch-$(TORCH) $(PINS)
	@echo "Installing Isthmus and the developers' tools into $(VENV) (one or two minutes)"
	@$(call quietly,$(PIP_INSTALL) -e '.[dev]')
	@touch $(VENV)/.plain $@
