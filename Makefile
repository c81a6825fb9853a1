PYTHON ?= python3
VENV ?= .venv

# TensorFlow says at length that a machine has no GPU.
export TF_CPP_MIN_LOG_LEVEL ?= 3

# A process for each core; each holds a TensorFlow of its own, so that more would fill the memory.
PYTEST = $(VENV)/bin/python -m pytest -q --numprocesses auto --maxprocesses 4 --dist loadfile

# Folders appear as they are written; lint what there is.
SOURCES = $(wildcard autokeras_nas autokeras_nas_cli tests benchmarks examples)

.PHONY: demo test test-all versions lint clean

$(VENV)/.installed: setup.py
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install -e ".[test]"
	touch $@

demo: $(VENV)/.installed
	$(VENV)/bin/python examples/digits.py --time_budget=2m

test: $(VENV)/.installed
	$(PYTEST) -m "not slow"

test-all: $(VENV)/.installed
	$(PYTEST)

# Both ends of what setup.py allows, each in a clean environment below build/.
versions:
	$(PYTHON) tests/versions.py

lint: $(VENV)/.installed
	$(VENV)/bin/python -m ruff check $(SOURCES)
	$(VENV)/bin/python -m ruff format --check $(SOURCES)
	$(VENV)/bin/python -m mypy

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find autokeras_nas autokeras_nas_cli tests -name __pycache__ -type d -prune -exec rm -rf {} +
