# `make` alone lists what there is.

PYTHON ?= python3
VENV := .venv
PIP_INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes
LOCK := $(VENV)/bin/uv pip compile pyproject.toml --quiet --generate-hashes --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

# By the Node that Playwright brings along: the same pinned version on every machine.
NODE = $(shell $(VENV)/bin/python -c 'import playwright; print(playwright.__path__[0] + "/driver/node")')
FRONTEND := tools/frontend
NODE_MODULES := $(FRONTEND)/node_modules
BIOME = $(NODE) $(NODE_MODULES)/.bin/biome check --config-path=$(FRONTEND) --error-on-warnings
TSC = $(NODE) $(NODE_MODULES)/.bin/tsc
SCRIPTS := static/js static/css spa_project/tests/js tools/screens/layout.js tools/screens/targets.js

.PHONY: help demo check test test-mysql faults cluster hostile bench bench-live bench-parts bench-load bench-screens bench-quotes
.PHONY: pictures screens messages lock js-lint js-types js-format types

help:
	@echo "make demo      install what is needed, fill an empty spa, serve it (PORT=8000);"
	@echo "               SIMULATE=1 lets customers come, and staff work by itself;"
	@echo "               HOST=0.0.0.0 opens it to phones and tablets of the local network"
	@echo "make check     lint, types, contracts and the quick tests, without servers"
	@echo "make test      every check, each test once, and a sample of what is alike (12 minutes);"
	@echo "               WHOLE=1 all of everything, on SQLite and on MariaDB + Redis, as CI does"
	@echo "make test-mysql   the tests that a database can change, on MySQL; its packages are downloaded into"
	@echo "               MYSQL_HOME=data/mysql, and nothing is installed"
	@echo "make faults    work while everything breaks, for SECONDS=3600; proves that nothing is lost"
	@echo "make cluster   three machines on this one, which fail while people work; SECONDS=300 (root)"
	@echo "make hostile   bad input of every kind, many times over (docs/security.md)"
	@echo "make bench     our speed beside the same work by hand; writes docs/performance.md"
	@echo "make bench-live   the live floor beside others; ONLY=fan-out for one measure"
	@echo "make bench-parts  what each optimization gains; ONLY=lives,command, SECONDS=6"
	@echo "make bench-load   what one machine carries; ONLY=L1,L6, SECONDS=30, WHOLE=1"
	@echo "make bench-quotes   how many quoted waits hold on simulated Saturdays; DAYS=10"
	@echo "make bench-screens   what a screen costs its device: bytes, first paint, an update's paint"
	@echo "make pictures  the pictures in docs/screens, taken anew"
	@echo "make screens   every page in every state, with full content, at every size: measured, and"
	@echo "               contact sheets in data/screens; ONLY=\"--spas walls --languages en\" for less"
	@echo "make messages  gather the screens' sentences for their translators, compile what is there"
	@echo "make types     the wire's types for the browser's code, from the server's"
	@echo "make js-format format the scripts and styles; js-lint and js-types check them"
	@echo "make lock      write the pinned requirements anew from pyproject.toml"

demo: $(VENV)/demo-installed
	@exec $(VENV)/bin/python manage.py demo $(if $(HOST),--bind $(HOST))

check:
	@exec .ci/check

test:
	@exec .ci/test

test-mysql:
	@exec .ci/test-mysql

faults: $(VENV)/dev-installed
	@exec $(VENV)/bin/python -m tools.faults --seconds $(or $(SECONDS),3600)

cluster: $(VENV)/dev-installed
	@exec $(VENV)/bin/python -m tools.cluster --seconds $(or $(SECONDS),300)

bench: $(VENV)/dev-installed
	@exec $(VENV)/bin/python -m benchmarks.engine

bench-quotes: $(VENV)/dev-installed
	@exec $(VENV)/bin/python -m benchmarks.quotes $(if $(DAYS),--days $(DAYS))

bench-screens: $(VENV)/dev-installed
	@exec $(VENV)/bin/python -m benchmarks.screens

pictures: $(VENV)/dev-installed
	@exec $(VENV)/bin/python -m tools.screens

screens: $(VENV)/dev-installed
	@exec $(VENV)/bin/python -m tools.screens.gallery --axe --sheets data/screens $(ONLY)

hostile: $(VENV)/dev-installed
	@HOSTILE=full exec $(VENV)/bin/python -m tools.servers -- \
		$(VENV)/bin/python -m pytest -m "" -o faulthandler_timeout=3600 spa_project/tests/hostile

messages: $(VENV)/dev-installed
	@exec $(VENV)/bin/python -m tools.messages

js-lint: $(NODE_MODULES)/.installed
	@$(BIOME) $(SCRIPTS)

js-types: $(NODE_MODULES)/.installed
	@$(TSC) --project $(FRONTEND)/tsconfig.json
	@$(TSC) --project $(FRONTEND)/tsconfig.tests.json

types: $(VENV)/dev-installed
	@$(VENV)/bin/python -m tools.typescript

js-format: $(NODE_MODULES)/.installed
	@$(BIOME) --write $(SCRIPTS)

bench-live: .venv-peers/installed
	@exec .venv-peers/bin/python -m benchmarks.live $(if $(ONLY),--only $(ONLY))

bench-parts: $(VENV)/dev-installed
	@exec $(VENV)/bin/python -m benchmarks.parts $(if $(ONLY),--only $(ONLY)) \
		$(if $(SECONDS),--seconds $(SECONDS))

bench-load: $(VENV)/dev-installed
	@exec $(VENV)/bin/python -m benchmarks.load $(if $(ONLY),--only $(ONLY)) \
		$(if $(SECONDS),--seconds $(SECONDS)) $(if $(WHOLE),--whole)

lock: $(VENV)/dev-installed
	$(LOCK) --output-file requirements/demo.txt
	$(LOCK) --all-extras --constraint requirements/demo.txt --output-file requirements.txt
	$(LOCK) --all-extras --group dev --constraint requirements.txt --output-file requirements/dev.txt
	$(LOCK) --all-extras --group peers --constraint requirements/dev.txt --output-file requirements/peers.txt

# Each stamp is older than its list of packages when the list has changed.
$(VENV)/demo-installed: requirements/demo.txt | $(VENV)/bin/python
	@echo "Installing the packages of $< (once) ..."
	@$(PIP_INSTALL) --only-binary :all: --requirement $<
	@touch $@

$(VENV)/dev-installed: requirements/dev.txt | $(VENV)/bin/python
	@echo "Installing the packages of $< (once) ..."
	@$(PIP_INSTALL) --requirement $<
	@touch $@

$(NODE_MODULES)/.installed: $(FRONTEND)/package-lock.json | $(VENV)/dev-installed
	@echo "Installing the packages of $< (once) ..."
	@npm ci --prefix $(FRONTEND) --ignore-scripts --silent
	@touch $@

# The benchmark's peers have an environment of their own, which the tests never see.
.venv-peers/installed: requirements/peers.txt | $(VENV)/bin/python
	@echo "Installing the packages of $< (once) ..."
	@$(VENV)/bin/python -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement $<
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
