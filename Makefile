# Two commands do everything on a fresh machine: `make run` and `make test`.
.DEFAULT_GOAL := help
.PHONY: help setup run test pictures chaos lint types check-chromium check-programs bench bench-lanes bench-service bench-jobs bench-watch bench-check bench-cluster bench-scale bench-dashboard check-redis lock clean

PORT ?= 8000
# Tests wait more than they compute. With `python -m pytest` alone, they run one after the other.
AT_ONCE ?= 3
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,$(shell $(p) -c '$(RECENT)' 2>/dev/null && echo $(p))))
RECENT := import sys; sys.exit(sys.version_info < (3, 11))
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
say = @printf '\033[1m· %s\033[0m\n'

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: .venv/.dev ## install everything that the checks need, from the lock

run: .venv/.run ## start the reference service (PORT=8000), embedded SQLite
	@exec $(BIN)/loopline demo --port $(PORT)

test: .venv/.dev lint types check-chromium check-programs ## run every check and test (AT_ONCE=3)
	$(say) 'tests: unit, conformance, integration (PostgreSQL), browser, chaos'
	@$(BIN)/python -m pytest -n $(AT_ONCE)

lint: .venv/.dev ## ruff: rules and format
	$(say) 'ruff'
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: .venv/.dev ## mypy --strict over the library, its tests and scripts
	$(say) 'mypy --strict'
	@$(BIN)/mypy

check-chromium: .venv/.dev # find Chromium, or install it
	@$(BIN)/python scripts/chromium.py

check-programs: .venv/.dev # find curl, ip, pgbouncer and prometheus, or install them
	@$(BIN)/python scripts/programs.py

pictures: .venv/.dev check-chromium ## make the docs' pictures of the dashboard again, from its browser tests
	@$(BIN)/python -m pytest -q tests/browser/test_dashboard.py
	@cp build/dashboard-light-1280.png docs/dashboard-light.png
	@cp build/dashboard-dark-390.png docs/dashboard-dark-narrow.png

chaos: .venv/.dev check-programs ## the long form of the chaos tests
	@LOOPLINE_CHAOS=long $(BIN)/python -m pytest tests/chaos -v
	@LOOPLINE_CHAOS=long $(BIN)/python -m pytest tests/conformance -k RayLane -v

bench: bench-lanes bench-service bench-jobs bench-watch bench-check bench-cluster bench-scale bench-dashboard ## every benchmark against peers (not part of the tests)

bench-lanes: .venv-bench/.peers ## ProcessLane against other process pools (BENCH=--quick: once, only to see it work)
	@.venv-bench/bin/python -m benchmarks.lanes --json build/lanes-benchmark.json --svg build/lanes-benchmark.svg $(BENCH)

bench-service: .venv-bench/.peers ## light routes beside heavy ones: the recipe, the same by hand, the reference service
	@.venv-bench/bin/python -m benchmarks.service --json build/service-benchmark.json --svg build/service-benchmark.svg $(BENCH)

bench-watch: .venv-bench-watch/.peers ## who finds what blocks the loop, whom it blames, and what it costs
	@.venv-bench-watch/bin/python -m benchmarks.watch --json build/watch-benchmark.json --svg build/watch-benchmark.svg $(BENCH)

bench-check: .venv-bench-check/.peers ## static checks on labelled cases, and on services (BENCH="FOLDER…")
	@.venv-bench-check/bin/python -m benchmarks.check --json build/check-benchmark.json --svg build/check-benchmark.svg $(BENCH)

bench-cluster: .venv-bench-cluster/.peers ## RayLane against Ray by hand, Dask and ProcessLane, by the size of a task
	@.venv-bench-cluster/bin/python -m benchmarks.cluster --json build/cluster-benchmark.json --svg build/cluster-benchmark.svg $(BENCH)

bench-jobs: .venv-bench/.peers check-redis ## jobs against other durable queues, on PostgreSQL, SQLite and Redis
	@.venv-bench/bin/python -m benchmarks.jobs --json build/jobs-benchmark.json --svg build/jobs-benchmark.svg $(BENCH)

bench-scale: .venv/.dev ## how far it goes here: 1 to 6 workers, 2 million jobs that wait, 100,000 calls (BENCH=--quick)
	@$(BIN)/python -m benchmarks.scale --json build/scale-benchmark.json --svg build/scale-benchmark.svg $(BENCH)

bench-dashboard: .venv/.dev ## what an open dashboard costs the service that it shows (BENCH=--quick)
	@$(BIN)/python -m benchmarks.dashboard --json build/dashboard-benchmark.json $(BENCH)

check-redis: # find redis-server, which some peers need, or install it
	@command -v redis-server >/dev/null || { apt-get update && apt-get install -y --no-install-recommends redis-server; } || { echo 'Some peers need redis-server. On Debian or Ubuntu: apt-get install redis-server'; exit 1; }

lock: .venv/.dev ## resolve the requirement locks again, with hashes and without index addresses
	@$(PIP) install --quiet uv
	$(BIN)/uv pip compile $(LOCK) pyproject.toml --extra demo --group build -o requirements/run.txt
	$(BIN)/uv pip compile $(LOCK) pyproject.toml --all-extras --group dev -c requirements/run.txt -o requirements/dev.txt
	$(BIN)/uv pip compile $(LOCK) pyproject.toml requirements/bench.in --extra demo --extra postgres --group build -c requirements/run.txt -o requirements/bench.txt
	$(BIN)/uv pip compile $(LOCK) pyproject.toml requirements/bench-watch.in --extra demo --group build -c requirements/run.txt -o requirements/bench-watch.txt
	$(BIN)/uv pip compile $(LOCK) pyproject.toml requirements/bench-cluster.in --group build -c requirements/dev.txt -o requirements/bench-cluster.txt
	$(BIN)/uv pip compile $(LOCK) pyproject.toml requirements/bench-check.in --group build -c requirements/run.txt -o requirements/bench-check.txt

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --upgrade

clean: ## remove the virtual environment and caches
	rm -rf .venv .venv-bench .venv-bench-watch .venv-bench-check .venv-bench-cluster build .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/.made .venv-bench/.made .venv-bench-watch/.made .venv-bench-check/.made .venv-bench-cluster/.made:
	@'$(PYTHON)' -c '$(RECENT)' 2>/dev/null || { echo 'Loopline needs Python 3.11 or newer: install it, or say where it is with PYTHON=/path/to/python3.'; exit 1; }
	$(say) 'virtual environment ($(@D))'
	@'$(PYTHON)' -m venv $(@D) || { echo 'This Python has no venv module. On Debian or Ubuntu: apt-get install python3-venv'; exit 1; }
	@touch $@

.venv/.run: .venv/.made requirements/run.txt pyproject.toml
	$(say) 'packages of the service, from requirements/run.txt'
	@$(PIP) install --progress-bar off --require-hashes -r requirements/run.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.run requirements/dev.txt
	$(say) 'packages of the checks, from requirements/dev.txt'
	@$(PIP) install --progress-bar off --require-hashes -r requirements/dev.txt
	@touch $@

.venv-bench/.peers: requirements/bench.txt
.venv-bench-watch/.peers: requirements/bench-watch.txt
.venv-bench-check/.peers: requirements/bench-check.txt
.venv-bench-cluster/.peers: requirements/bench-cluster.txt
.venv-bench/.peers .venv-bench-watch/.peers .venv-bench-check/.peers .venv-bench-cluster/.peers: %/.peers: %/.made pyproject.toml
	$(say) 'packages of the benchmarks, from $(filter requirements/%,$^)'
	@$*/bin/python -m pip --disable-pip-version-check install --progress-bar off --require-hashes -r $(filter requirements/%,$^)
	@$*/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation -e .
	@touch $@
