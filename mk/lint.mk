# SPDX-License-Identifier: BSD-2-Clause
#
# What tools/lint has been content with.  A file that a step has nothing to say
# against leaves build/lint/STEP/FILE.ok, and is looked at again when it, a
# header it includes or the flags have changed.
#
# A makefile of its own, for tools/lint, which says what is in WARN, HAVE and
# FILES.  Its goals are steps: format gcc clang.

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

ok = $(FILES:%=build/lint/$(1)/%.ok)
core := base/% vm/%
kind = $(if $(filter $(core),$<),-ffreestanding,-D_GNU_SOURCE -pthread $(HAVE))

# Some warnings of gcc come from its optimizer.
mode_gcc := -O2 -S -o /dev/null
mode_clang := -fsyntax-only

# (1) compiler; each header compiles alone
compile = $(1) -std=c11 $(mode_$(1)) -I. -Iinclude $(WARN) $(kind) \
    -MMD -MP -MF $@.deps -MT $@

define compiler_rules
.PHONY: $(1)
$(1): $$(call ok,$(1))
build/lint/$(1)/%.c.ok: %.c build/lint/flags
	@mkdir -p $$(@D)
	@$$(call compile,$(1)) $$< && touch $$@
build/lint/$(1)/%.h.ok: %.h build/lint/flags
	@mkdir -p $$(@D)
	@echo 'typedef int lint;' | \
	    $$(call compile,$(1)) -include $$< -xc - && touch $$@
endef
$(foreach c,gcc clang,$(eval $(call compiler_rules,$(c))))

.PHONY: format
format: $(call ok,format)
build/lint/format/%.ok: % .clang-format
	@mkdir -p $(@D)
	@clang-format --dry-run -Werror $< && touch $@

# Other flags than last time: every file is looked at again.
build/lint/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(WARN) $(HAVE)' | cmp -s - $@ || echo '$(WARN) $(HAVE)' >$@
.PHONY: FORCE

-include $(patsubst %,%.deps,$(call ok,gcc) $(call ok,clang))
