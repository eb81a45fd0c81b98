# Two commands do everything on a fresh Debian 12: `make demo` and `make test`.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
BUILD := build/release
# Warnings are errors where the result is submitted, not where somebody merely builds.
PRESET := $(if $(CI),ci,release)

.PHONY: help deps build bundle demo test lint bench bench-networks check-long install clean

help:
	@echo 'make demo           install what is needed, build, recommend books'
	@echo 'make test           install what is needed, build, run every suite'
	@echo 'make build          build $(BUILD)/bascule'
	@echo 'make bundle         one archive that runs on any x86-64 Linux, build/bundle/*.tar.xz'
	@echo 'make lint           formatter and clang-tidy'
	@echo 'make bench          timings against pandas, SciPy, scikit-learn, implicit, sparse_dot_topn'
	@echo 'make bench-networks training times against PyTorch, tf.keras, JAX, scikit-learn'
	@echo 'make check-long     every suite under the sanitizers, the fuzzers, 200 kills'
	@echo 'make install        into PREFIX (default /usr/local)'

deps:
	@scripts/install-deps

build: deps
	@cmake --preset $(PRESET) >/dev/null
	@cmake --build $(BUILD) -j $(JOBS) --target bascule_cli

# GPUS=all has kernels for every GPU since compute capability 7.5, not only for 8.0, 9.0 and later.
bundle: BUILD := $(if $(filter all,$(GPUS)),build/release-gpus,$(BUILD))
bundle: PRESET := $(if $(filter all,$(GPUS)),release-gpus,$(PRESET))
bundle: deps
	@cmake --preset $(PRESET) >/dev/null
	@cmake --build $(BUILD) -j $(JOBS) --target bascule_cli conformance_tests
	@scripts/bundle $(BUILD) build/bundle

demo: build
	@scripts/demo $(BUILD)/bascule

test: deps
	@cmake --preset $(PRESET) >/dev/null
	@cmake --build $(BUILD) -j $(JOBS)
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

lint: deps
	@scripts/check-format
	@scripts/check-tidy

bench: deps
	@bench/run

bench-networks: deps
	@bench/run-networks

check-long: deps
	@scripts/check-long

install: build
	@cmake --install $(BUILD) --prefix $${PREFIX:-/usr/local}

clean:
	@rm -rf build
