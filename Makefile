# `make` sets everything up and runs the main job; `make test` runs all tests, `make quick` those of a few seconds each
# that need no Debian packages.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH := torch==2.13.0
DEBIAN_LAYOUT := iverilog qflow graywolf qrouter magic netgen-lvs opensta qflow-tech-osu018
# The tests need, beyond PyPI: Chromium, which opens the report; the libraries with which Verilator compresses waveforms;
# a compiler and an emulator for ARM; the layout's tools, with a second technology.
DEBIAN_ARM := gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
DEBIAN_TEST := chromium chromium-driver liblz4-dev zlib1g-dev $(DEBIAN_ARM) qflow-tech-osu035 $(DEBIAN_LAYOUT)

.PHONY: all flow setup test quick check layout debian-layout debian-test drawings clean

all: flow

flow: setup
	$(BIN)/wrapmac flow --out build/report

setup: $(VENV)/.installed

# torch first, in the exact version behind the committed results.
$(VENV)/.installed: pyproject.toml setup.py $(wildcard models/native_extension.py models/*/native/* models/*/native_build.py)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet $(TORCH)
	$(BIN)/pip install --quiet --editable .
	touch $@

# torch by name again: a newer torchvision would bring another one.
$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet $(TORCH) --editable '.[dev]'
	touch $@

test: debian-test $(VENV)/.installed-dev
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder --durations 10

quick: $(VENV)/.installed-dev
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder -m 'not slow and not debian'

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/.installed-layout: $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[layout]'
	touch $@

layout: debian-layout $(VENV)/.installed-layout
	$(BIN)/wrapmac layout all --out build/layout

debian-layout: PACKAGES := $(DEBIAN_LAYOUT)
debian-test: PACKAGES := $(DEBIAN_TEST)
debian-layout debian-test:
	@missing=$$(for package in $(PACKAGES); do dpkg -s $$package >/dev/null 2>&1 || echo $$package; done); \
	if [ -n "$$missing" ]; then \
	  echo "make installs the Debian packages:" $$missing; \
	  sudo=$$(test "$$(id -u)" = 0 || command -v sudo || true); \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq $$missing >/dev/null; \
	fi

# The same emoji by nine designers, from the npm registry, as a few-shot data set.
DRAWINGS := build/drawings
PACKS := twemoji noto noto-v1 openmoji emojione emojione-v1 fluent-emoji fluent-emoji-flat fxemoji

drawings: $(DRAWINGS)/drawings.npz

$(DRAWINGS)/drawings.npz: $(VENV)/.installed
	@command -v npm >/dev/null || { echo "make drawings needs npm, which Debian's package npm installs"; exit 2; }
	$(BIN)/pip install --quiet --editable '.[drawings]'
	@for pack in $(PACKS); do \
	  mkdir -p $(DRAWINGS)/packs/$$pack && cd $(DRAWINGS)/packs/$$pack && \
	  npm pack --silent @iconify-json/$$pack >/dev/null && tar -xzf *.tgz --strip-components 1 && rm *.tgz && \
	  cd - >/dev/null || exit 1; \
	done
	$(BIN)/wrapmac dataset drawings $(DRAWINGS)/packs --out $@

clean:
	rm -rf build $(VENV)
