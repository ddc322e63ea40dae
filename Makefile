# SPDX-License-Identifier: BSD-2-Clause
#
# bsdvm: build, test, lint, install.  `make help` lists the goals.
#
# One make, no makefiles in folders.  Everything built stands under build/:
#
#	build/libbsdvm.a  build/bsdvm	the products
#	build/libbsdvm.so.1		the same for programs, installed only
#	build/VARIANT/...		objects, one folder a variant (below)
#	build/test/  build/prog/	test programs; what they run under bsdvm
#	build/log/			what the tests said
#
# A file with a main() is a program; the other files of its folder are linked
# into every program of that folder.  A new file therefore needs no line here.

CC ?= cc
PREFIX ?= /usr/local
WERROR ?= -Werror
JOBS ?= 2

# make V=1 shows the commands
Q := $(if $(V),,@)
say = $(if $(V),,@echo '  $(1) $(@:build/%=%)')

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# ---------------------------------------------------------------- sources

# CORE is the library proper and freestanding; PORTS are MMUs and environments
# for it, and what makes both a library for programs; HOST is `bsdvm run`, for
# Linux on x86-64 only.
CORE := $(wildcard base/*.c vm/*.c vm/*/*.c)
PORTS := $(wildcard pmap/*.c env/*.c self/*.c)
HOST := $(wildcard host/*.c cmd/*.c)
HEADERS := $(wildcard base/*.h vm/*.h vm/*/*.h pmap/*.h env/*.h)

mains = $(shell grep -lsE '^(int )?main\b' $(1)/*.c)
parts = $(filter-out $(call mains,$(1)),$(wildcard $(1)/*.c))

ifneq ($(shell uname -sm),Linux x86_64)
HOST :=
endif
host_main := $(if $(HOST),$(strip $(call mains,host) $(call mains,cmd)))

# --------------------------------------------------------------- variants

VARIANTS := obj pic asan tsan
FREE_ARCHS := x86_64 riscv64 aarch64

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes \
    -Wstrict-prototypes -Wold-style-definition -Wundef -Wcast-qual \
    -Wwrite-strings $(WERROR)
BASIC := -std=c11 -g -I. -Iinclude $(WARN)
CORE_FLAGS := -ffreestanding
HOST_FLAGS = -D_GNU_SOURCE -pthread $(HAVE)

FLAGS_obj := -O2
FLAGS_pic := -O2 -fPIC
FLAGS_asan := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
    -fno-sanitize-recover=all -DVM_CHECKS=1
FLAGS_tsan := -O1 -fno-omit-frame-pointer -fsanitize=thread -DVM_CHECKS=1

# No headers but the compiler's own, no floating point, no library calls.
FLAGS_x86_64 := -mgeneral-regs-only -mno-red-zone -mcmodel=kernel
FLAGS_riscv64 := -march=rv64imac -mabi=lp64 -mcmodel=medany
FLAGS_aarch64 := -mgeneral-regs-only -mno-outline-atomics

objects = $(patsubst %.c,build/$(1)/%.o,$(2))
kind_flags = $(if $(filter $(CORE),$<),$(CORE_FLAGS),$(HOST_FLAGS))

# Libraries that may be lacking.  make HAVE= LIBS= does without any.
ifneq ($(filter-out clean help,$(or $(MAKECMDGOALS),all)),)
include build/have.mk
endif

# The library of programs: its name changes when they have to be compiled anew.
VERSION := $(shell sed -n 's/^\#define VERSION "\(.*\)"/\1/p' cmd/main.c)
soname := libbsdvm.so.1

# ------------------------------------------------------------------ goals

.PHONY: all
all: build/libbsdvm.a $(if $(host_main),build/bsdvm) ## the library and the command

.PHONY: run
run: all | build/deps/run ## the main job: a real compile on the VM
	@tools/main-job

.PHONY: bench
bench: all $(addprefix build/,$(basename $(call mains,bench))) | build/deps/bench ## measure
	@if [ -x bench/run ]; then bench/run; \
	else for b in bench/*.sh; do [ ! -f "$$b" ] || "$$b" || exit; done; fi

.PHONY: help
help: ## this list
	@awk -F': .*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' \
	    $(MAKEFILE_LIST)
	@echo
	@echo 'One test: make build/log/KIND-NAME.VARIANT.log, and read that file:'
	@echo '  make build/log/unit-vm_map_test.asan.log     of test/unit, with sanitizers'
	@echo '  make build/log/differ-differ.asan.log        host-run, host-designs, lint, ...'
	@echo 'One real program under bsdvm: test/host/run [PATTERN...], after make test'
	@echo 'or make build/log/host-run.log has built build/prog.'

.PHONY: clean
clean: ## remove everything built
	rm -rf build

# ---------------------------------------------------------------- compile

# (1) variant
define variant_rules
build/$(1)/%.o: %.c Makefile build/flags | build/deps/build
	@mkdir -p $$(@D)
	$$(call say,cc)
	$(Q)$$(CC) $$(BASIC) $$(kind_flags) $$(FLAGS_$(1)) $$(CFLAGS) -MMD -MP -c -o $$@ $$<
build/$(1)/libbsdvm.a: $$(call objects,$(1),$$(CORE) $$(PORTS))
build/$(1)/libhost.a: $$(call objects,$(1),$$(filter-out $$(host_main),$$(HOST)))
endef
$(foreach v,$(VARIANTS),$(eval $(call variant_rules,$(v))))

build/%.a: | build/deps/build
	@mkdir -p $(@D) && rm -f $@
	$(call say,ar)
	$(Q)$(AR) rcs $@ $^

build/libbsdvm.a: build/obj/libbsdvm.a
	@ln -f $< $@

link = $(CC) -g -pthread $(CFLAGS) $(LDFLAGS) -o $@ \
    -Wl,--start-group $^ -Wl,--end-group -Wl,--as-needed $(LIBS)

# What <bsdvm/vm.h> declares, and no more; self/libbsdvm.map gives versions.
build/$(soname): build/pic/libbsdvm.a self/libbsdvm.map
	$(call say,ld)
	$(Q)$(CC) -shared -pthread $(CFLAGS) $(LDFLAGS) -o $@ -Wl,-soname,$(soname) \
	    -Wl,--version-script=self/libbsdvm.map -Wl,-z,defs \
	    -Wl,--whole-archive $< -Wl,--no-whole-archive -Wl,--as-needed $(LIBS)

build/bsdvm: $(call objects,obj,$(host_main)) build/obj/libhost.a build/libbsdvm.a
	$(call say,ld)
	$(Q)$(link)

build/bench/%: build/obj/bench/%.o $(call objects,obj,$(call parts,bench)) \
    build/libbsdvm.a
	@mkdir -p $(@D)
	$(call say,ld)
	$(Q)$(link)

# The core alone, for machines without an operating system: one object per
# architecture, which tools/check-free then searches for foreign symbols.
# (1) architecture
define free_rules
build/free-$(1)/%.o: %.c Makefile | build/deps/test
	@mkdir -p $$(@D)
	$$(call say,cc)
	$(Q)$(1)-linux-gnu-gcc $$(BASIC) $$(CORE_FLAGS) -O2 -fno-pic $$(FLAGS_$(1)) -nostdinc \
	    -isystem $$(shell $(1)-linux-gnu-gcc -print-file-name=include) \
	    -MMD -MP -c -o $$@ $$<
build/free-$(1)/core.o: $$(call objects,free-$(1),$$(CORE))
	$$(call say,ld)
	$(Q)$(1)-linux-gnu-ld -r -o $$@ $$^
endef
$(foreach a,$(FREE_ARCHS),$(eval $(call free_rules,$(a))))

# The library as a stranger takes it into his own program: two files.
.PHONY: amalgamation
amalgamation: build/amalgamation/bsdvm.c ## the library in bsdvm.c and bsdvm.h

build/amalgamation/bsdvm.c: $(CORE) $(PORTS) $(HEADERS) LICENSE tools/amalgamate \
    $(wildcard self/*.h include/bsdvm/*.h) | build/deps/amalgamation
	$(call say,made)
	$(Q)tools/amalgamate $(@D) $(CORE) $(PORTS)

# Another compiler or other flags than last time: everything is out of date.
build/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS) $(WERROR) $(HAVE)' | cmp -s - $@ || \
	    echo '$(CC) $(CFLAGS) $(WERROR) $(HAVE)' >$@
.PHONY: FORCE

build/have.mk: FORCE | build/deps/build
	@mkdir -p $(@D)
	@CC='$(CC)' tools/have | cmp -s - $@ || CC='$(CC)' tools/have >$@

build/deps/%: tools/install-deps
	@tools/install-deps $*
	@mkdir -p $(@D) && touch $@

# ---------------------------------------------------------------- install

bindir = $(DESTDIR)$(PREFIX)/bin
libdir = $(DESTDIR)$(PREFIX)/lib
incdir = $(DESTDIR)$(PREFIX)/include/bsdvm
mandir = $(DESTDIR)$(PREFIX)/share/man

define pkgconfig
prefix=$(PREFIX)
libdir=$${prefix}/lib
includedir=$${prefix}/include

Name: bsdvm
Description: virtual memory of the BSDs, in a process of your own
Version: $(VERSION)
Cflags: -I$${includedir}
Libs: -L$${libdir} -lbsdvm
Libs.private: -pthread $(LIBS)
endef
export pkgconfig

.PHONY: install
install: all build/$(soname) ## into $(DESTDIR)$(PREFIX), with a pkg-config file
	install -d $(bindir) $(libdir)/pkgconfig \
	    $(addprefix $(incdir)/,$(sort $(dir $(HEADERS))))
	$(if $(host_main),install -m 755 build/bsdvm $(bindir))
	install -m 644 build/libbsdvm.a build/$(soname) $(libdir)
	ln -sf $(soname) $(libdir)/libbsdvm.so
	@echo "$$pkgconfig" >$(libdir)/pkgconfig/bsdvm.pc
	@for h in $(HEADERS); do install -m 644 $$h $(incdir)/$$h || exit; done
	install -m 644 include/bsdvm/*.h $(incdir)
	@$(foreach m,$(wildcard man/*.[1-9]),install -D -m 644 $(m) \
	    $(mandir)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)) &&) :

include mk/test.mk
-include $(shell find build -name '*.d' 2>/dev/null)
