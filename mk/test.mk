# SPDX-License-Identifier: BSD-2-Clause
#
# Tests.  Every test program leaves one log, build/log/KIND-NAME.VARIANT.log,
# of lines `ok NAME`, `not ok NAME: why`, `skip NAME: reason`: tools/run-test
# writes it, tools/summary counts them all into the closing line.

# ------------------------------------------------------------------- plan
# FOLDER.VARIANT: every program of test/FOLDER in that build variant; and
# the unit tests with threads under ThreadSanitizer too.

PLAN := differ.asan stress.tsan contract.asan unit.obj unit.asan
THREADED := $(notdir $(basename $(shell grep -ls pthread_create test/unit/*_test.c)))

# What is tested of the library in one file, built in variant `one`.
AMALGAMATED := vm_cow_test vm_extract_test vm_loan_test vm_mmap_test \
    vm_paging_test vmspace_test

# Seconds that one program may take before it is stopped and has failed.
LIMIT_unit := 120
LIMIT_contract := 300
LIMIT_differ := 1200
LIMIT_stress := 400
LIMIT_host := 1200
LIMIT_lint := 600
LIMIT_amalgamation := 200
LIMIT_free := 60
LIMIT_install := 300

folder = $(basename $(1))
variant = $(patsubst .%,%,$(suffix $(1)))
names = $(notdir $(basename $(call mains,test/$(1))))
planned = $(foreach n,$(call names,$(folder)),$(folder)-$(n).$(variant))

HOST_TESTS := $(if $(host_main),$(wildcard test/host/run test/host/designs))

TESTS := lint lint-selftest install amalgamation $(FREE_ARCHS:%=free-%) \
    $(foreach p,$(PLAN),$(call planned,$(p))) $(THREADED:%=unit-%.tsan) \
    $(AMALGAMATED:%=unit-%.one)
TESTS_ALONE := $(HOST_TESTS:test/host/%=host-%)

# ------------------------------------------------------------------ goals

# This is the one make inside make.  It goes on past a test that does not
# compile; tools/summary finds no log of it and counts it as failed.
.PHONY: test
test: | build/deps/test ## everything that has a verdict; ends in one line
	@rm -rf build/log && mkdir -p build/log
	@$(MAKE) -k $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS)) \
	    --no-print-directory all $(TESTS:%=build/log/%.log) || :
	@$(if $(TESTS_ALONE),$(MAKE) -k --no-print-directory \
	    $(TESTS_ALONE:%=build/log/%.log) || :)
	@tools/summary $(TESTS) $(TESTS_ALONE)

.PHONY: lint
lint: build/libbsdvm.a | build/deps/lint ## layers, formatting, warnings, house rules
	@WARN='$(WARN)' HAVE='$(HAVE)' tools/lint

.PHONY: test-mutants
test-mutants: | build/deps/test ## apply each wrong change and see it caught
	@test/mutants/run

.PHONY: test-long
test-long: $(patsubst %,build/test/%,$(filter differ-% stress-%,$(TESTS))) $(if $(host_main),build/bsdvm) ## fresh seeds and large programs for an hour, HOURS=n or SECONDS=n
	@tools/test-long $(or $(SECONDS),$(shell expr $(or $(HOURS),1) '*' 3600)) $(SEED)

# ------------------------------------------------------------------- logs

log_kind = $(firstword $(subst -, ,$*))
limit = $(LIMIT_$(log_kind))

build/log/%.log: build/test/%
	@tools/run-test $* $(limit) $<

build/log/lint.log: build/obj/libbsdvm.a | build/deps/test
	@WARN='$(WARN)' HAVE='$(HAVE)' tools/run-test lint $(LIMIT_lint) tools/lint

build/log/lint-selftest.log: | build/deps/test
	@tools/run-test lint-selftest $(LIMIT_lint) test/lint/run

# Where a user has it: test/install/run compiles what is in there by pkg-config.
build/log/install.log: all build/$(soname) | build/deps/test
	@rm -rf build/root
	@$(MAKE) -s --no-print-directory install \
	    DESTDIR=$(CURDIR)/build/root PREFIX=/opt/bsdvm >/dev/null
	@ROOT=build/root/opt/bsdvm tools/run-test install $(LIMIT_install) \
	    test/install/run

build/log/amalgamation.log: build/amalgamation/bsdvm.c
	@tools/run-test amalgamation $(LIMIT_amalgamation) test/amalgamation/run

build/log/free-%.log: build/free-%/core.o
	@tools/run-test free-$* $(LIMIT_free) tools/check-free $*

progs := $(patsubst test/%.c,build/%,$(wildcard test/prog/*.c))
build/log/host-%.log: test/host/% build/bsdvm $(progs) $(progs:=.static)
	@PROG=build/prog tools/run-test host-$* $(LIMIT_host) $<

# --------------------------------------------------------------- programs

# (1) folder, (2) variant: build/test/unit-vm_map_test.asan and its kin
define test_rules
build/test/$(1)-%.$(2): build/$(2)/test/$(1)/%.o \
    $$(call objects,$(2),$$(call parts,test/$(1))) build/$(2)/libbsdvm.a
	@mkdir -p $$(@D)
	$$(call say,ld)
	$(Q)$$(link) $$(FLAGS_$(2)) -lcmocka
endef
$(foreach p,$(PLAN) unit.tsan,$(eval $(call test_rules,$(call folder,$(p)),$(call variant,$(p)))))

# With the header of the library in one file, whose guards then leave out those
# of the tree; and with that file in the place of the library.
build/one/test/unit/%.o: test/unit/%.c Makefile build/flags build/amalgamation/bsdvm.c
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(BASIC) $(HOST_FLAGS) -O1 $(CFLAGS) -MMD -MP \
	    -include build/amalgamation/bsdvm.h -c -o $@ $<

build/one/bsdvm.o: build/amalgamation/bsdvm.c Makefile build/flags
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) -std=c11 -O1 $(CFLAGS) -c -o $@ $<
build/one/libbsdvm.a: build/one/bsdvm.o
$(eval $(call test_rules,unit,one))

# Only the tests named host_ are linked with host/: a file of it that does not
# compile shall not fail all the others.
$(foreach t,$(filter unit-host_%,$(TESTS)),$(eval build/test/$(t): build/$(call variant,$(t))/libhost.a))

$(foreach v,$(VARIANTS) one,$(eval $(call objects,$(v),$(wildcard test/*/*.c)): | build/deps/test))

# What runs under bsdvm: ordinary programs, as a user has them, dynamic and
# static.
program = $(CC) -std=c11 -D_GNU_SOURCE -Iinclude -O2 -g $(WARN) -pthread $(1) \
    -MMD -MP -MF $@.d -MT $@ -o $@ $<

build/prog/%: test/prog/%.c Makefile build/flags | build/deps/build
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(call program)

build/prog/%.static: test/prog/%.c Makefile build/flags | build/deps/build
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(call program,-static)
