# "make" alone prints the targets. Go and git are all that building, running and testing need.

GO      ?= go
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# Binaries are static and hold neither this machine's paths nor symbols for a debugger. The
# version comes from above: -buildvcs fails where git does not trust the folder's owner.
BUILD := CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)'

# A throwaway PostgreSQL beside a command. Built, not "go run", which hides exit codes and signals.
WITH_POSTGRES := .cache/bin/withpostgres

# The programs that tests start from the outside, built once for all packages.
TEST_PROGRAMS := $(CURDIR)/.cache/programs

# Tools are built on first use, each under its version, and kept in .cache.
GOLANGCI_LINT := .cache/bin/golangci-lint-v2.15.0
GOVULNCHECK   := .cache/bin/govulncheck-v1.9.0
ACTIONLINT    := .cache/bin/actionlint-v1.7.12

COMPOSE := docker compose --env-file .env.compose

.PHONY: help
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# In the foreground of a terminal (where ps shows a +) the service is a job of its own, so that
# Ctrl-C stops it gracefully without interrupting make, which would then fail. Elsewhere it
# takes the shell's place, and make passes SIGTERM on to it.
.PHONY: run
run: bin/api ## Build and run the service: no settings needed, Ctrl-C stops it
	@case "$$(ps -o stat= -p $$$$ 2>/dev/null)" in *+*) set -m; bin/api ;; *) exec bin/api ;; esac

.PHONY: build
build: ## Build all programs into bin/
	@mkdir -p bin
	$(BUILD) -o bin/ ./cmd/...

.PHONY: migrate
migrate: bin/authctl ## Bring the configured database to the newest schema
	@bin/authctl migrate up

# Results of unchanged packages come from Go's cache; those that use the throwaway database
# never do, since its address is new. TESTFLAGS=-count=1 runs everything.
.PHONY: test
test: $(WITH_POSTGRES) test-programs ## Run all tests on SQLite and a real PostgreSQL, with -race where there is a C compiler
	@set -- $$($(GO) env CC); \
	if command -v "$$1" >/dev/null && CGO_ENABLED=1 $(GO) list -race errors >/dev/null 2>&1; then \
		export CGO_ENABLED=1; race=-race; \
	else \
		echo 'no C compiler: testing without the race detector' >&2; \
		export CGO_ENABLED=0; race=; \
	fi; \
	exec $(WITH_POSTGRES) -- env TEST_PROGRAMS='$(TEST_PROGRAMS)' $(GO) test $$race -timeout 15m $(TESTFLAGS) ./...

# The inner loop leaves out browsers, faults and whatever else starts other programs for long.
SLOW := browser chaos deploy node npm openid pgcluster redisserver withpostgres mutants bench

.PHONY: test-short
test-short: $(WITH_POSTGRES) test-programs ## Run the fast tests: a minute
	@exec $(WITH_POSTGRES) -- env TEST_PROGRAMS='$(TEST_PROGRAMS)' CGO_ENABLED=0 $(GO) test -short -timeout 5m $(TESTFLAGS) \
		$$($(GO) list ./... | grep -v $(addprefix -e /test/,$(addsuffix $$,$(SLOW))))

.PHONY: cover
cover: $(WITH_POSTGRES) test-programs ## Run all tests and print the coverage; details in coverage.out
	@$(WITH_POSTGRES) -- env TEST_PROGRAMS='$(TEST_PROGRAMS)' $(GO) test -timeout 15m -coverpkg=./... -coverprofile=coverage.out ./...
	@$(GO) tool cover -func=coverage.out | tail -n 1

# The fault suite is part of "make test", with few rounds; here it prints its counts.
.PHONY: chaos
chaos: $(WITH_POSTGRES) test-programs ## Kill, wipe, stall and fill what the service stands on, for minutes (SCALE=10)
	@$(GO) test -c -o .cache/bin/chaos.test ./test/chaos
	@cd test/chaos && $(CURDIR)/$(WITH_POSTGRES) -- env TEST_PROGRAMS='$(TEST_PROGRAMS)' $(CURDIR)/.cache/bin/chaos.test -test.timeout 60m -scale $(or $(SCALE),10)

.PHONY: bench
bench: $(WITH_POSTGRES) ## Measure the service beside its yardsticks (BENCHFLAGS=...)
	@$(WITH_POSTGRES) -durable -- $(GO) run ./test/bench $(BENCHFLAGS)

.PHONY: lint
lint: $(GOLANGCI_LINT) $(GOVULNCHECK) ## Check formatting, vet, golangci-lint, known vulnerabilities
	@unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .); \
	if [ -n "$$unformatted" ]; then printf 'not formatted by gofmt:\n%s\n' "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GOLANGCI_LINT) run
	@echo $(GOVULNCHECK) ./...; \
	found=$$($(GOVULNCHECK) ./... 2>&1) && code=0 || code=$$?; \
	case $$code,$$found in \
	1,*'fetching vulnerabilities'*) echo 'govulncheck skipped: its database cannot be reached from here' ;; \
	*) printf '%s\n' "$$found"; exit $$code ;; \
	esac

.PHONY: lint-workflow
lint-workflow: $(ACTIONLINT) ## Check the CI workflow
	$(ACTIONLINT) .github/workflows/*.yml

.PHONY: up
up: .env.compose ## Start the service with PostgreSQL, NATS and Redis in Docker
	VERSION=$(VERSION) $(COMPOSE) up --build --detach --wait

.PHONY: down
down: .env.compose ## Stop what "make up" started; its data stays
	$(COMPOSE) down

.PHONY: clean
clean: ## Remove what was built, tools too; ./data stays
	rm -rf bin .cache coverage.out

# Always asked: "go build" itself knows whether anything changed.
.PHONY: bin/api bin/authctl $(WITH_POSTGRES)
bin/api bin/authctl:
	@$(BUILD) -o $@ ./cmd/$(@F)

$(WITH_POSTGRES):
	@CGO_ENABLED=0 $(GO) build -buildvcs=false -o $@ ./test/withpostgres

.PHONY: test-programs
test-programs:
	@mkdir -p '$(TEST_PROGRAMS)'
	@CGO_ENABLED=0 $(GO) build -buildvcs=false -o '$(TEST_PROGRAMS)/' ./cmd/... github.com/nats-io/nats-server/v2

$(GOLANGCI_LINT):
	$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint)
$(GOVULNCHECK):
	$(call install,golang.org/x/vuln/cmd/govulncheck)
$(ACTIONLINT):
	$(call install,github.com/rhysd/actionlint/cmd/actionlint)

# The tool's version is what follows the last "-v" of its file name.
define install
	GOBIN='$(CURDIR)/.cache/bin' CGO_ENABLED=0 $(GO) install $(1)@v$(lastword $(subst -v, ,$(@F)))
	@mv .cache/bin/$(notdir $(1)) $@
endef

# Secrets of the Docker setup, made once and kept: the volumes remember the passwords. A file of
# an earlier version gets what it lacks. Written aside first, so that an interrupted run leaves
# no half of it.
.PHONY: .env.compose
.env.compose:
	@set -e; umask 077; \
	hex() { od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n'; }; \
	add() { grep -q "^$$1=" $@.new || echo "$$1=$$2" >>$@.new; }; \
	if test -f $@; then awk 1 $@; else \
		echo '# Made by "make up" and read by docker-compose.yml. Other settings of the service go'; \
		echo '# here too: FRONTEND_URL, GOOGLE_CLIENT_ID, ...'; \
	fi >$@.new; \
	add JWT_SECRET "$$(hex)"; \
	add TOKEN_ENCRYPTION_KEY "$$(dd if=/dev/urandom bs=32 count=1 2>/dev/null | base64)"; \
	for name in POSTGRES NATS NATS_OPERATOR NATS_SOCIAL REDIS; do add $${name}_PASSWORD "$$(hex)"; done; \
	if cmp -s $@ $@.new; then rm $@.new; else mv $@.new $@; echo 'made random secrets in $@'; fi
