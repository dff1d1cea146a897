# make demo: the whole system against three simulated carriers.   make test: every check.
# Both install what they need into .venv, from requirements.lock with hashes; uv does it fast, pip does it too.

PYTHON ?= python3
BIN := .venv/bin
export PYTHONPATH := $(CURDIR)
export PYTHONDONTWRITEBYTECODE := 1

BENCHMARKS := broadcast latency permitted storm kills footprint dialects native

.PHONY: install demo test lint types unit year sim bites crash bench $(BENCHMARKS:%=bench-%) peers lock dist docs clean

install: .venv/ready

.venv/ready: requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	($(BIN)/pip install --quiet uv && $(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python requirements.lock) \
	  || $(BIN)/pip install --quiet --require-hashes -r requirements.lock
	echo "$(CURDIR)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/xinqiao.pth"
	printf '#!/bin/sh\nexec "%s/python" -m gateway "$$@"\n' "$(CURDIR)/$(BIN)" > $(BIN)/xinqiao && chmod +x $(BIN)/xinqiao
	touch $@

demo: install
	$(BIN)/python -m gateway demo

test: install lint types unit

lint: install
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	! grep -E 'https?://' requirements.lock

types: install
	$(BIN)/mypy

# The tests start hundreds of commands: each would compile every module anew.
unit: install
	$(BIN)/python -m compileall -q carriers config gateway roster routing
	$(BIN)/pytest -n 2 --dist worksteal

SEEDS ?= 20000

year: install
	$(BIN)/python -m gateway rehearse year

sim: install
	$(BIN)/python -m tests.simulation --seeds $(SEEDS)

bites: install
	$(BIN)/python -m tests.simulation --planted --seeds 200

bench: $(BENCHMARKS:%=bench-%)

$(BENCHMARKS:%=bench-%): bench-%: install
	$(BIN)/python benchmarks/$*.py

crash: install
	$(BIN)/python -m tests.durability --all

peers: install
	$(BIN)/python benchmarks/faults.py

dist: install
	rm -rf build dist
	$(BIN)/python -m build --no-isolation --wheel

docs: install
	$(BIN)/python docs/generate.py

lock: install
	$(BIN)/uv pip compile pyproject.toml --group dev --all-extras --universal --generate-hashes \
	  --no-emit-index-url --no-header -o requirements.lock

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
