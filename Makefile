# make setup        .venv with Apportion and everything it is developed with
# make study        a whole study on the built-in world; ends in runs/world/report.html
# make test         all tests but the slow ones        make test-slow   the slow ones
# make lint         ruff and pyright                   make bench       the benchmarks, one after the other
# make docs         the documents and the reference as static pages in dist/docs, made offline
# make clean        removes .venv and caches, never runs/
#
# PYTHON=python3.12       another interpreter, 3.11 or newer
# TORCH_INDEX=URL         another place to take torch from, such as the index of its CPU builds
# TEST_WORKERS=1          how many processes run the tests

PYTHON ?= python3
TORCH_INDEX ?=
TEST_WORKERS ?= 2

BIN := .venv/bin
SIGNED := runs/world/signed
STAMP := .venv/.apportion-set-up
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
BENCHMARKS := $(sort $(basename $(notdir $(wildcard benchmarks/[!_]*.py))))

# One thread a process: several processes of one thread outrun one process of several
export OMP_NUM_THREADS = 1
export TOKENIZERS_PARALLELISM = false

.PHONY: setup study test test-slow lint bench docs clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
	  "Apportion needs Python 3.11 or newer; '$(PYTHON)' is not. Type: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo \
	  "'$(PYTHON)' cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@if [ -e $@ ]; then echo "Bringing .venv up to date" >&2; \
	  else echo "Setting up .venv: about 1.7 GB and 2 to 5 minutes, once" >&2; fi
	@$(PYTHON) -m venv .venv
	@$(PIP) --no-deps $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	@$(PIP) --editable '.[train,dev]'
	@touch $@

study: setup
	$(BIN)/apportion study run studies/world-quick.toml --out runs/world
	@$(MAKE) --no-print-directory $(SIGNED)/compare.json $(SIGNED)/as-published.json $(SIGNED)/users.parquet
	$(BIN)/apportion plan runs/world --budget 2000 --price-demonstration 2 --price-pair 0.5..1
	$(BIN)/apportion report runs/world

# A generated signed network, SEMBA beside its rivals on it, and where it puts the users; once, for the report
$(SIGNED)/network.parquet: | setup
	$(BIN)/apportion signed generate --users 300 --events 8000 --balance 0.95 --drift 0.05 \
	  --out $@ --truth $(SIGNED)/truth.parquet

$(SIGNED)/compare.json: $(SIGNED)/network.parquet
	$(BIN)/apportion signed compare $< --task sign --seeds 2 --out $@.part
	@mv $@.part $@

# The protocol that leaks, for the report to show by how much
$(SIGNED)/as-published.json: $(SIGNED)/network.parquet
	$(BIN)/apportion signed compare $< --task sign --models semba,trees,reputation --protocol as-published \
	  --seeds 2 --out $@.part
	@mv $@.part $@

$(SIGNED)/users.parquet: $(SIGNED)/network.parquet
	$(BIN)/apportion signed train $< --task sign --model semba-pure --out $(SIGNED)/model
	$(BIN)/apportion signed predict $(SIGNED)/model --embeddings $@

test: setup
	$(BIN)/python -m pytest --numprocesses $(TEST_WORKERS)

test-slow: setup
	$(BIN)/python -m pytest -m slow

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

bench: setup
	@set -e; for benchmark in $(BENCHMARKS); do echo "== $$benchmark"; $(BIN)/python -m benchmarks.$$benchmark; done

docs: setup
	@$(BIN)/python -c 'import myst_parser, sphinx' 2>/dev/null || $(PIP) --editable '.[train,docs]'
	$(BIN)/python -m sphinx -q --fail-on-warning --builder html docs dist/docs
	@echo "dist/docs/index.html"

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis dist
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
