# Everything that a developer or CI runs. `make help` lists it.

VERSION := 0.1.0
IMAGE ?= ghcr.io/kubectl-tunnel/proxy:$(VERSION)
PREFIX ?= /usr/local
SWIFT_FLAGS ?=
SCRATCH ?= .build
# A compiler's failure is not hidden by what its output is piped into.
SHELL := /bin/bash -o pipefail

.PHONY: help build image both-ends install test test-all recording release lint format unit chaos reliability demo fuzz bench clean

help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

# One way for everything that is shipped, so that what the parts share is compiled once. The same sources give the same bytes.
RELEASE = RELEASE_VERSION=$(VERSION) swift build -q -c release --scratch-path $(SCRATCH) --static-swift-stdlib -Xswiftc -Osize -Xswiftc -gnone \
	-Xswiftc -file-prefix-map -Xswiftc $(abspath $(SCRATCH))=. -Xcc -ffile-prefix-map=$(abspath $(SCRATCH))=. \
	-Xswiftc -Xfrontend -Xswiftc -function-sections -Xcc -ffunction-sections -Xcc -fdata-sections -Xlinker --gc-sections -Xlinker --build-id=none $(SWIFT_FLAGS)

# A static Foundation warns about mktemp, and a static glibc about name services, which the proxy does not use: it is told
# numeric addresses. What is fetched is no news.
QUIETLY = 2>&1 | { grep -v -e 'statically linked applications' -e mktemp -e '^Fetch' -e '^Comput' -e 'orking copy' || true; }

build: ## Build both plugins (release).
	@$(RELEASE) --product kubectl-tunnel $(QUIETLY)
	@$(RELEASE) --product kubectl-tunnel_dns $(QUIETLY)

image: ## Build the proxy's image, dist/proxy.oci.tar; print its size.
	@$(RELEASE) --product InClusterProxy $(QUIETLY)
	@Sources/InClusterProxy/image/build $(SCRATCH)/release/InClusterProxy dist/proxy.oci.tar $(IMAGE)

both-ends: ## Build both ends of a tunnel in one program, as they are shipped, for tests.
	@$(RELEASE) --product BothEnds $(QUIETLY)

install: build ## Install both plugins and their completions for kubectl to $(PREFIX)/bin.
	install -D -s -m 0755 $(SCRATCH)/release/kubectl-tunnel $(DESTDIR)$(PREFIX)/bin/kubectl-tunnel
	install -D -s -m 0755 $(SCRATCH)/release/kubectl-tunnel_dns $(DESTDIR)$(PREFIX)/bin/kubectl-tunnel_dns
	install -m 0755 krew/kubectl_complete-tunnel krew/kubectl_complete-tunnel_dns $(DESTDIR)$(PREFIX)/bin/

test: ## All that a change needs; what this machine cannot run is said.
	Tests/run

test-all: ## The same, and what is slow: every kubectl, every crash point, a bare machine, a release.
	Tests/run --all

lint: ## Check the format of all sources.
	swift format lint --strict --parallel --recursive Package.swift Sources Tests

format: ## Format all sources in place.
	swift format --in-place --parallel --recursive Package.swift Sources Tests

unit: ## Unit and tunnel tests only.
	swift test $(SWIFT_FLAGS)

chaos: ## Faults by chance under load (SEED=n, or SEEDS=n and LANES=n).
	Tests/faults chaos

reliability: ## What callers notice of faults (RUNS=n), into docs/failures.md.
	Tests/faults reliability

recording: ## Record the session of README.md (docs/session.svg).
	Tests/Recording/run

release: ## Everything of a release, VERSION=v1.2.3, into dist/release.
	krew/release $(VERSION)

demo: ## Intercept a Service, here and now (DEMO_CONTEXT=your cluster).
	Tests/demo

fuzz: ## Bytes from elsewhere, by libFuzzer (FUZZ_SECONDS, FUZZ_TARGET).
	Tests/Fuzz/run

bench: ## Every bound against raw kubectl port-forward, into docs/performance.md.
	Tests/Benchmarks/run

clean: ## Remove what was built.
	rm -rf $(SCRATCH) .build-fuzz dist
