.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
UV := .tools/bin/uv
DASH := services/dashboard
PY := .venv/bin/python
DOCKER_TESTS := .venv/bin/pytest -n 2 --dist loadfile -W "ignore:unclosed <socket:ResourceWarning" tests/docker -m
# half of a test's time is waiting: one more than the cores of a small machine
WORKERS := $(shell [ $$(nproc) -gt 2 ] && echo 4 || echo 3)
# its hours pass in seconds, so samples must not be late: it runs alone
HASTY := tests/contract/test_idle_end_to_end.py
MEMBERS := $(dir $(wildcard services/*/pyproject.toml))
PORT ?= 8000
LAUNCHER ?= process
# programs start by the hundred in tests: each would be compiled anew
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/.tools/bin:$(CURDIR)/.tools/debian/usr/bin:$(PATH)

##@ Everyday
run: ready ## Start Shiva here, on this machine: no Docker, no GPU needed. PORT=8000 LAUNCHER=docker
	@exec $(PY) -m deploy.dev.run --port $(PORT) --launcher $(LAUNCHER)

demo: ready ## The same with three simulated machines and people.
	@exec $(PY) -m deploy.dev.run --demo --port $(PORT) --launcher $(LAUNCHER)

stop-notebooks: .venv/.stamp ## End the notebooks that went on after Ctrl-C; homes are kept.
	@$(PY) -m deploy.dev.notebooks

test: ## Check and test everything, as CI does.
	$(MAKE) --no-print-directory -j2 ready
	$(MAKE) --no-print-directory -j2 --output-sync=target check-py check-dashboard
	$(MAKE) --no-print-directory test-e2e

##@ Parts
check-py: .venv/.stamp .tools/.system ## Format, lint, types, import rules, unit, conformance and contract tests.
	.venv/bin/ruff format --check -q .
	.venv/bin/ruff check -q .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/pytest -n $(WORKERS) --dist loadfile --ignore tests/docker --ignore tests/e2e --ignore tests/full -m "not full and not gpu"

check-dashboard: $(DASH)/node_modules/.stamp ## The same for the dashboard; what is generated must be fresh.
	cd $(DASH) && npm run -s generate && git diff --exit-code -- src/api/schema.gen.ts src/api/problems.gen.json && npm run -s check && npm test -s

test-e2e: ready .tools/oidc/.stamp ## The main job in a real browser, and every service killed once.
	.venv/bin/pytest -n 2 --dist loadfile tests/e2e -m "not full"

gallery: ready .tools/oidc/.stamp ## Every screen and state in all 18 looks, with axe; pictures in artifacts/gallery. An hour.
	SHIVA_GALLERY=every .venv/bin/pytest -m full tests/e2e/test_gallery.py

test-docker: ready ## Real Docker engines, real containers; needs root, docker.io, docker-registry, iptables, nftables.
	$(DOCKER_TESTS) "not full"

test-full: ready ## Slow proofs: Docker engines, 5 GB both ways, a soak, a JupyterHub; and ten idle minutes meanwhile.
	$(MAKE) --no-print-directory -j2 --output-sync=target test-idle test-busy

test-idle: .venv/.stamp
	.venv/bin/pytest tests/full/test_idle_socket.py

test-busy: test-docker
	$(DOCKER_TESTS) full
	.venv/bin/pytest -n 2 --dist loadfile -m full --ignore tests/docker --ignore tests/full --ignore $(HASTY)
	.venv/bin/pytest -m "full and not speed" tests/full $(HASTY) --ignore tests/full/test_idle_socket.py

bench-start: ready ## Click to ready, against `jupyter lab` by hand, or with LAUNCHER=docker against `docker run`.
	$(PY) -m tests.bench.start $(LAUNCHER)

bench-broker: ready ## List and place with 5,000 containers on 1,000 machines.
	$(PY) -m tests.bench.broker

bench-manager: ready ## GET /machines with 1,000 machines of 8 GPUs, 5,000 containers and 500 dashboards. Ten minutes, idle machine.
	$(PY) -m tests.bench.manager

bench-exporter: ready ## The GPU exporter with 8 GPUs and 100 processes: scrapes, CPU, memory. Needs gcc.
	$(PY) -m tests.bench.exporter

bench-dashboard: ready ## The dashboard in Chromium with 3 and 1,000 machines: size, first card, refreshes, scrolling.
	$(PY) -m tests.bench.dashboard

bench-rest: ready ## Resident memory of all services at rest.
	$(PY) -m tests.bench.rest

bench-proxy: ready .tools/peers/.stamp ## The door against HAProxy, nginx and configurable-http-proxy. PARTS=http,ws
	$(PY) -m tests.bench.proxy --parts "$(PARTS)"

bench-polite: ready ## The worst answer to a polite client while another one attacks the parser.
	.venv/bin/pytest -m speed

smoke-gpu: ready ## On a machine with an NVIDIA GPU: our exporter against nvidia-smi, calls timed, a capture kept.
	$(PY) -m tests.gpu.smoke

screenshots: ready ## Renew the README's pictures in Chromium.
	$(PY) -m tests.e2e.screenshots

lock: IMAGE_LOCK = -q --universal --python-version 3.10 --generate-hashes --no-header $(UP)
lock: $(UV) ## Renew requirements.lock after a change of a pyproject.toml; UP=--upgrade renews every version.
	$(UV) pip compile -q --universal --generate-hashes --no-header $(UP) pyproject.toml services/*/pyproject.toml --group dev \
	  $(patsubst services/%/,--no-emit-package shiva-%,$(MEMBERS)) -o requirements.lock
	cd images/shiva-jupyter && $(CURDIR)/$(UV) pip compile $(IMAGE_LOCK) --override left-out.in server.in -o server.lock
	cd images/shiva-jupyter && $(CURDIR)/$(UV) pip compile $(IMAGE_LOCK) kernel.in -o kernel.lock

words: ## Renew the command line's copy of the manager's catalogue of problems.
	cp services/manager-api/src/shiva_manager_api/problems.json services/cli/src/shiva_cli/problems.json

image: ## Build the containers' image with the engine that DOCKER_HOST names. TAG=shiva-jupyter:dev BASE_IMAGE=debian:12
	@BASE_IMAGE="$(BASE_IMAGE)" images/shiva-jupyter/build.sh "$(or $(TAG),shiva-jupyter:dev)"

clean: ## Remove what was built; notebooks, homes and .run stay.
	rm -rf .venv .tools $(DASH)/node_modules $(DASH)/dist artifacts

ready: .venv/.stamp .tools/.system $(DASH)/dist/index.html

$(UV): tools.lock
	@echo "Installing tools …"
	@python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' || { echo "Shiva needs python3 of at least 3.11 with venv: apt-get install python3 python3-venv"; exit 1; }
	@python3 -m venv .tools && .tools/bin/pip install -q --disable-pip-version-check --require-hashes -r tools.lock
	@touch $(UV)

.venv/.stamp: requirements.lock pyproject.toml $(wildcard services/*/pyproject.toml) | $(UV)
	@echo "Installing Python packages …"
	@$(UV) venv -q --allow-existing .venv
	@$(UV) pip sync -q --require-hashes requirements.lock
	@$(UV) pip install -q --no-deps $(addprefix -e ,$(MEMBERS))
	@touch $@

.tools/.system: deploy/dev/system_parts.sh | $(UV)
	@deploy/dev/system_parts.sh && touch $@

.tools/peers/.stamp: tests/bench/peers/package-lock.json | $(UV)
	@command -v npm >/dev/null || { echo "bench-proxy needs npm: apt-get install npm"; exit 1; }
	@mkdir -p .tools/peers && cp tests/bench/peers/package*.json .tools/peers && cd .tools/peers && npm ci --no-fund --no-audit --loglevel=error && touch .stamp

.tools/oidc/.stamp: tests/oidc/package-lock.json | $(UV)
	@echo "Installing the OpenID provider of the tests …"
	@mkdir -p .tools/oidc && cp tests/oidc/package*.json .tools/oidc && cd .tools/oidc && npm ci --no-fund --no-audit --loglevel=error && touch .stamp

$(DASH)/node_modules/.stamp: $(DASH)/package-lock.json | $(UV)
	@echo "Installing the dashboard's packages …"
	@cd $(DASH) && npm ci --no-fund --no-audit --loglevel=error && touch node_modules/.stamp

$(DASH)/dist/index.html: $(DASH)/node_modules/.stamp $(shell find $(DASH)/src $(DASH)/index.html $(DASH)/vite.config.ts $(DASH)/public -type f 2>/dev/null)
	@echo "Building the dashboard …"
	@cd $(DASH) && npm run -s bundle -- --logLevel warn && touch dist/index.html

help: ## Show this help.
	@awk 'BEGIN{FS=":.*## "} /^##@/{printf "\n%s\n",substr($$0,5)} /^[a-z0-9-]+:.*## /{printf "  make %-16s %s\n",$$1,$$2}' $(MAKEFILE_LIST)

.PHONY: run demo stop-notebooks test check-py check-dashboard test-e2e gallery test-docker test-full test-idle test-busy bench-start bench-dashboard bench-rest bench-broker bench-manager bench-exporter bench-proxy bench-polite smoke-gpu screenshots lock words image clean ready help
