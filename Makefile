# Everything that a developer or CI runs. `make help` lists it.

VERSION := 0.1.0
IMAGE ?= ghcr.io/kubectl-tunnel/proxy:$(VERSION)
PREFIX ?= /usr/local
SWIFT_FLAGS ?=

.PHONY: help build image install test lint format unit chaos reliability demo fuzz bench clean

help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

build: ## Build both plugins (release).
	swift build -c release --product kubectl-tunnel --static-swift-stdlib $(SWIFT_FLAGS)
	swift build -c release --product kubectl-tunnel_dns --static-swift-stdlib $(SWIFT_FLAGS)

image: ## Build the proxy's image, dist/proxy.oci.tar; print its size.
	Sources/InClusterProxy/image/build dist/proxy.oci.tar $(IMAGE)

install: build ## Install both plugins to $(PREFIX)/bin.
	install -D -s -m 0755 .build/release/kubectl-tunnel $(DESTDIR)$(PREFIX)/bin/kubectl-tunnel
	install -D -s -m 0755 .build/release/kubectl-tunnel_dns $(DESTDIR)$(PREFIX)/bin/kubectl-tunnel_dns

test: ## Everything; what this machine cannot run is said.
	Tests/run

lint: ## Check the format of all sources.
	swift format lint --strict --parallel --recursive Package.swift Sources Tests

format: ## Format all sources in place.
	swift format --in-place --parallel --recursive Package.swift Sources Tests

unit: ## Unit and tunnel tests only.
	swift test $(SWIFT_FLAGS)

chaos: ## Faults by chance under load (SEED=n, or SEEDS=n and LANES=n).
	Tests/faults chaos

reliability: ## What callers notice of faults (RUNS=n), into README.md.
	Tests/faults reliability

demo: ## Intercept a Service, here and now (DEMO_CONTEXT=your cluster).
	Tests/demo

fuzz: ## Bytes from elsewhere, by libFuzzer (FUZZ_SECONDS, FUZZ_TARGET).
	Tests/Fuzz/run

bench: ## Every bound against raw kubectl port-forward, into README.md.
	Tests/Benchmarks/run

clean: ## Remove what was built.
	rm -rf .build .build-image .build-fuzz .build-bench dist
