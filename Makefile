# Two commands for a newcomer: `make serve` and `make test`. Everything that they need, they install.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HOST ?= 127.0.0.1
PORT ?= 8000

.PHONY: serve test lint check build vendor browser allocator clean

serve: $(VENV)/ready vendor allocator
	$(BIN)/imaging-survey check
	$(BIN)/imaging-survey build
	$(BIN)/imaging-survey serve --host $(HOST) --port $(PORT)

test: $(VENV)/tested-with vendor browser allocator
	$(BIN)/pytest -n 2

lint: $(VENV)/tested-with
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check build: $(VENV)/ready
	$(BIN)/imaging-survey $@

# The environment; on a Debian machine whose Python lacks `venv` it is installed where that is allowed.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { \
	  rm -rf $(VENV); \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -q && apt-get install -y -q python3-venv && $(PYTHON) -m venv $(VENV); \
	  else \
	    echo 'Python lacks its venv module; install it (Debian: apt-get install python3-venv) and try again.' >&2; exit 1; \
	  fi; }

$(VENV)/ready: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/tested-with: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group test --group lint
	touch $@

# Front-end packages, pinned with their checksums; without npm the pages work all the same, with plain forms.
vendor:
	@$(PYTHON) hatch_build.py

browser: $(VENV)/tested-with
	@command -v chromium >/dev/null && command -v npm >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -q && apt-get install -y -q chromium npm; \
	  else echo 'The browser tests need chromium and npm (Debian: apt-get install chromium npm).' >&2; fi; }
	@command -v npm >/dev/null && { [ -f node_modules/axe-core/axe.min.js ] || npm ci --ignore-scripts --no-audit --no-fund; } || true

# The query processes are a fifth faster with jemalloc; where it may be installed it is, and all works without it.
allocator:
	@ldconfig -p 2>/dev/null | grep -q libjemalloc || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -q && apt-get install -y -q libjemalloc2; } || true

clean:
	rm -rf $(VENV) build dist releases
