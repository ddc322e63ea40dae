/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_dump.h - the system in words, for people and for scripts.  Public.
 */
#ifndef VM_DUMP_H
#define VM_DUMP_H

#include "base/fmt.h"
#include "vm/vmspace.h"

/* One line an entry, in the manner of procstat -v: range, protection,
 * maximum, wired, inheritance, resident pages, backing.  Takes the map lock. */
void vm_dump_map(struct vmspace *, const struct fmt_out *);
/* What is private to the entries, as the design has it: amaps, or objects. */
void vm_dump_upper(struct vmspace *, const struct fmt_out *);
/* Every object: kind, references, resident pages; of one whose lock is taken
 * just now, that. */
void vm_dump_objects(struct vm_system *, const struct fmt_out *);
/* Every counter with its meaning. */
void vm_dump_stats(struct vm_system *, const struct fmt_out *);

#endif
