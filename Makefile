# make          the program: .build/release/lpreconcile
# make demo     real services, fixed while they run
# make test     what CI runs: lint, one release build, all tests
# make check    the same, then a debug build with its own run of the tests
# make mutants  breaks the program in one place at a time, and sees the tests fail (docs/safety.md)
# make kill-campaign  apply killed at every one of its system calls, over all kinds of victims in turn (an hour)
# make corpus   takes real fixes of Debian packages back and gives them again in running processes (docs/patchability.md)
# make bench    the benchmarks of docs/performance.md
# make install  [DESTDIR=…] the program and its schemas, where Debian would put them

SWIFT_BUILD = swift build -c release --explicit-target-dependency-import-check error
PROGRAM = .build/release/lpreconcile
DESTDIR =
prefix = /usr

.PHONY: all build demo test check mutants kill-campaign corpus bench lint format install clean setup

all: build

setup:
	@scripts/setup build

build: setup
	@$(SWIFT_BUILD) --product lpreconcile

demo:
	@scripts/setup demo
	@$(SWIFT_BUILD) --product lpreconcile
	@demo/run

test:
	@scripts/setup test
	@$(MAKE) --no-print-directory lint
	@scripts/mutants --check
	@$(SWIFT_BUILD) --build-tests
	@scripts/run-tests -c release --skip-build

check: test
	@swift build --scratch-path .build-debug --explicit-target-dependency-import-check error --build-tests
	@scripts/run-tests --scratch-path .build-debug --skip-build

mutants:
	@scripts/setup test
	@scripts/mutants

kill-campaign:
	@scripts/setup test
	@$(SWIFT_BUILD) --build-tests
	@LPRECONCILE_KILL_CAMPAIGN=1 scripts/run-tests -c release --skip-build --filter "ApplyKillTests|ForceOverrideTests/everyWord"

corpus:
	@scripts/setup test
	@$(SWIFT_BUILD) --product lpreconcile
	@scripts/corpus

bench:
	@scripts/setup test
	@$(SWIFT_BUILD) --product lpreconcile
	@Benchmarks/run

lint:
	@swift format lint --strict --parallel --recursive Package.swift Sources Tests

format:
	@find Package.swift Sources Tests -name '*.swift' -type f -print0 | xargs -0 swift format --in-place --parallel

install:
	@test -x $(PROGRAM) || { echo "install: there is no $(PROGRAM) yet: run make." >&2; exit 1; }
	install -D -m 755 -s $(PROGRAM) $(DESTDIR)$(prefix)/sbin/lpreconcile
	install -d -m 755 $(DESTDIR)/etc/lpreconcile/manifests.d $(DESTDIR)$(prefix)/share/lpreconcile
	install -m 644 schema/*.json $(DESTDIR)$(prefix)/share/lpreconcile

clean:
	rm -rf .build .build-debug .build-mutants
