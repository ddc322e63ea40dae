/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_dump.c - the system in words.
 */
#include "vm/vm_dump.h"

/* What %llu and %llx want, whatever uint64_t is on this machine. */
typedef unsigned long long ull;

/* ---- maps ---- */

static void
count_page(const struct vm_cow_page *at, void *arg)
{
	vm_pindex_t *n = arg;

	n[at->upper ? 1 : 0] += at->page != NULL;
}

static const char *
inherit_name(const struct vm_map_entry *e)
{
	static const char *const names[] = {
		[VM_INHERIT_SHARE] = "share",
		[VM_INHERIT_COPY] = "copy",
		[VM_INHERIT_NONE] = "none",
		[VM_INHERIT_ZERO] = "zero",
	};

	return names[e->inherit];
}

static const char *
kind_name(const struct vm_map_entry *e)
{
	if (e->flags & VM_ENTRY_FOREIGN)
		return "foreign";
	return e->object == NULL ? "zero" : e->object->ops->name;
}

static void
dump_prot(const struct fmt_out *out, vm_prot_t prot)
{
	fmt_printf(out, "%c%c%c", (prot & VM_PROT_READ) ? 'r' : '-',
	    (prot & VM_PROT_WRITE) ? 'w' : '-',
	    (prot & VM_PROT_EXEC) ? 'x' : '-');
}

static void
dump_store(const struct vm_object *obj, vm_pindex_t offset,
    const struct fmt_out *out)
{
	fmt_printf(out, " %llu:%llu +%llx", (ull)obj->key.device,
	    (ull)obj->key.inode, (ull)vm_ptoa(offset));
	if (obj->ops->describe == NULL)
		return;
	fmt_printf(out, " ");
	obj->ops->describe(obj->pager, out);
}

static void
dump_entry(struct vm_map *map, struct vm_map_entry *e,
    const struct fmt_out *out)
{
	vm_pindex_t resident[2] = { 0, 0 };

	map->design->cow->lock(e);
	map->design->cow->walk(e, 0, vm_entry_npages(e), count_page, resident);
	map->design->cow->unlock(e);
	fmt_printf(out, "%012llx-%012llx ", (ull)e->start, (ull)e->end);
	dump_prot(out, e->prot);
	fmt_printf(out, "/");
	dump_prot(out, e->max_prot);
	fmt_printf(out, " %c%c%c%c %-5s %8llu %8llu %8llu %s",
	    (e->flags & VM_ENTRY_COW) ? 'p' : 's',
	    (e->flags & VM_ENTRY_NEEDS_COPY) ? 'n' : '-',
	    vm_entry_is_wired(e) ? 'W' : '-',
	    (e->flags & VM_ENTRY_STACK) ? 'S' : '-', inherit_name(e),
	    (ull)vm_entry_npages(e), (ull)resident[0], (ull)resident[1],
	    kind_name(e));
	if (e->object != NULL)
		dump_store(e->object, e->offset, out);
	fmt_printf(out, "\n");
}

void
vm_dump_map(struct vmspace *vs, const struct fmt_out *out)
{
	struct vm_map *map = &vs->map;
	struct vm_map_entry *e;

	fmt_printf(out, "%-25s %-7s %-4s %-5s %8s %8s %8s %s\n", "RANGE",
	    "PRT/MAX", "FLAG", "INH", "PAGES", "OBJECT", "PRIVATE", "BACKING");
	vm_map_lock_read(map);
	for (e = vm_map_first(map); e != NULL; e = vm_map_next(map, e))
		dump_entry(map, e, out);
	vm_map_unlock_read(map);
}

void
vm_dump_upper(struct vmspace *vs, const struct fmt_out *out)
{
	struct vm_map *map = &vs->map;
	struct vm_map_entry *e;

	vm_map_lock_read(map);
	for (e = vm_map_first(map); e != NULL; e = vm_map_next(map, e)) {
		if (!vm_entry_has_upper(e))
			continue;
		fmt_printf(out, "%012llx ", (ull)e->start);
		map->design->cow->lock(e);
		map->design->cow->dump(e, out);
		map->design->cow->unlock(e);
	}
	vm_map_unlock_read(map);
}

/* ---- objects and statistics ---- */

/* A merge of shadow objects holds their lock when it takes that of the list,
 * which we hold: so the lock may be asked for, but not waited for. */
static void
dump_object(struct vm_object *obj, void *arg)
{
	const struct fmt_out *out = arg;

	if (!vm_mutex_trylock(obj->lock)) {
		fmt_printf(out, "%p %-8s in use\n", (void *)obj,
		    obj->ops->name);
		return;
	}
	fmt_printf(out, "%p %-8s refs %u, resident %llu, key %llu:%llu%s\n",
	    (void *)obj, obj->ops->name, obj->refs, (ull)obj->npages,
	    (ull)obj->key.device, (ull)obj->key.inode,
	    obj->dying         ? ", dying" :
		obj->refs == 0 ? ", cached" :
				 "");
	vm_object_unlock(obj);
}

void
vm_dump_objects(struct vm_system *sys, const struct fmt_out *out)
{
	struct fmt_out copy = *out;

	vm_object_foreach(sys, dump_object, &copy);
}

void
vm_dump_stats(struct vm_system *sys, const struct fmt_out *out)
{
#define DUMP_STAT(name, meaning)                                               \
	fmt_printf(out, "%12llu %-20s %s\n",                                   \
	    (ull)atomic_load_explicit(&sys->stats.name, memory_order_relaxed), \
	    #name, meaning);
	VM_STATS(DUMP_STAT)
#undef DUMP_STAT
}
