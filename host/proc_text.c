/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_text.c - see proc_text.h.
 *
 * Entries of the map become lines; neighbours that agree in all that a line
 * says are one line, as Linux joins its mappings.  Where the map has a foreign
 * entry the host's own lines stand, if the range is the vdso's: of the stub
 * and the windows a program should not know.
 *
 * Counts: a page of the object counts as clean and shared, a page of the upper
 * layer as private and dirty.
 */
#include "host/proc_text.h"

#include "host/file.h"
#include "host/maps_line.h"
#include "host/space.h"

#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>

#define NAME_COLUMN 73
#define KB(pages)   (vm_ptoa(pages) >> 10)

/* One mapping, as Linux would show it. */
struct line {
	vaddr_t start, end;
	vm_prot_t prot;
	bool shared;
	uint64_t offset;
	struct vm_object *object;
	const char *name; /* of a kind of memory, or NULL */
	vm_pindex_t clean, dirty, locked;
};

typedef void line_fn(const struct line *, FILE *);

/* -------------------------------------------------------------- counting */

struct counts {
	vm_pindex_t clean, dirty;
};

static void
count(const struct vm_cow_page *page, void *arg)
{
	struct counts *n = arg;

	if (page->upper)
		n->dirty++;
	else
		n->clean++;
}

static struct counts
count_pages(struct vm_map *map, struct vm_map_entry *e)
{
	struct counts n = { 0, 0 };

	map->design->cow->lock(e);
	map->design->cow->walk(e, 0, vm_entry_npages(e), count, &n);
	map->design->cow->unlock(e);
	return n;
}

/* ----------------------------------------------------------------- lines */

static const char *
name_of(const struct space *space, const struct vm_map_entry *e)
{
	const struct vmspace *vm = space->vm;

	if (e->end > space->stack_start && e->start < space->stack_end)
		return "[stack]";
	if (e->start >= vm->brk_start &&
	    e->start < vm_round_page(vm->brk_end) && e->object == NULL)
		return "[heap]";
	return NULL;
}

static struct line
line_of(struct space *space, struct vm_map_entry *e)
{
	struct counts n = count_pages(&space->vm->map, e);

	return (struct line){ .start = e->start,
		.end = e->end,
		.prot = e->prot,
		.shared = !(e->flags & VM_ENTRY_COW),
		.offset = e->object == NULL ? 0 : vm_ptoa(e->offset),
		.object = e->object,
		.name = name_of(space, e),
		.clean = n.clean,
		.dirty = n.dirty,
		.locked = vm_entry_is_wired(e) ? n.clean + n.dirty : 0 };
}

/* Make b a part of a if they are one mapping. */
static bool
join(struct line *a, const struct line *b)
{
	if (a->end != b->start || a->prot != b->prot ||
	    a->shared != b->shared || a->object != b->object ||
	    a->name != b->name || (a->locked != 0) != (b->locked != 0) ||
	    (a->object != NULL && a->offset + (a->end - a->start) != b->offset))
		return false;
	a->end = b->end;
	a->clean += b->clean;
	a->dirty += b->dirty;
	a->locked += b->locked;
	return true;
}

static void
put_header(const struct line *l, FILE *f)
{
	uint64_t device = l->object == NULL ? 0 : l->object->key.device;
	uint64_t inode = l->object == NULL ? 0 : l->object->key.inode;
	char path[PATH_MAX] = "";
	int n;

	if (l->object != NULL && file_path(l->object, path, sizeof(path)) == 0)
		(void)snprintf(path, sizeof(path), "/dev/zero (deleted)");
	else if (l->object == NULL && l->name != NULL)
		(void)snprintf(path, sizeof(path), "%s", l->name);
	n = fprintf(f, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", l->start,
	    l->end, l->prot & VM_PROT_READ ? 'r' : '-',
	    l->prot & VM_PROT_WRITE ? 'w' : '-',
	    l->prot & VM_PROT_EXEC ? 'x' : '-', l->shared ? 's' : 'p',
	    l->offset, major(device), minor(device), inode);
	if (path[0] != '\0')
		(void)fprintf(f, "%*s%s", n < NAME_COLUMN ? NAME_COLUMN - n : 0,
		    "", path);
	(void)fputc('\n', f);
}

/* The vdso, and what else is not the library's: as the host has it. */
static void
put_host_lines(const struct space *space, vaddr_t start, vaddr_t end, FILE *f)
{
	char path[64], text[PATH_MAX + 128];
	unsigned long at;
	FILE *maps;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)space->pid);
	maps = fopen(path, "re");
	if (maps == NULL)
		return;
	while (fgets(text, sizeof(text), maps) != NULL)
		if (sscanf(text, "%lx", &at) == 1 && at >= start && at < end)
			(void)fputs(text, f);
	(void)fclose(maps);
}

static bool
is_kept(const struct space *space, const struct vm_map_entry *e)
{
	for (unsigned i = 0; i < space->nkept; i++)
		if (space->kept[i].start == e->start)
			return true;
	return false;
}

/* Each line in order.  host: the host's lines, too. */
static void
each_line(struct space *space, FILE *f, line_fn *put, bool host)
{
	struct vm_map *map = &space->vm->map;
	struct line now = { .start = 0 }, next;
	struct vm_map_entry *e;

	vm_map_lock_read(map);
	for (e = vm_map_first(map); e != NULL; e = vm_map_next(map, e)) {
		if (vm_entry_is_guard(e))
			continue; /* the gap below the stack */
		next = line_of(space, e);
		if (now.end != 0 && !(e->flags & VM_ENTRY_FOREIGN) &&
		    join(&now, &next))
			continue;
		if (now.end != 0)
			put(&now, f);
		now = next;
		if (e->flags & VM_ENTRY_FOREIGN)
			now.end = 0;
		if ((e->flags & VM_ENTRY_FOREIGN) && host && is_kept(space, e))
			put_host_lines(space, e->start, e->end, f);
	}
	if (now.end != 0)
		put(&now, f);
	vm_map_unlock_read(map);
	if (host)
		put_host_lines(space, map->index.max, UINT64_MAX, f);
}

void
proc_text_maps(struct space *space, FILE *f)
{
	each_line(space, f, put_header, true);
}

/* ----------------------------------------------------------------- smaps */

static void
put_number(FILE *f, const char *name, uint64_t kb)
{
	(void)fprintf(f, "%s:%*lu kB\n", name, 23 - (int)strlen(name), kb);
}

static void
put_counts(FILE *f, vm_pindex_t clean, vm_pindex_t dirty, vm_pindex_t locked)
{
	put_number(f, "Rss", KB(clean + dirty));
	put_number(f, "Pss", KB(clean + dirty));
	put_number(f, "Pss_Dirty", KB(dirty));
	put_number(f, "Shared_Clean", KB(clean));
	put_number(f, "Shared_Dirty", 0);
	put_number(f, "Private_Clean", 0);
	put_number(f, "Private_Dirty", KB(dirty));
	put_number(f, "Referenced", KB(clean + dirty));
	put_number(f, "Anonymous", KB(dirty));
	put_number(f, "KSM", 0);
	put_number(f, "LazyFree", 0);
	put_number(f, "AnonHugePages", 0);
	put_number(f, "ShmemPmdMapped", 0);
	put_number(f, "FilePmdMapped", 0);
	put_number(f, "Shared_Hugetlb", 0);
	put_number(f, "Private_Hugetlb", 0);
	put_number(f, "Swap", 0);
	put_number(f, "SwapPss", 0);
	put_number(f, "Locked", KB(locked));
}

static void
put_smaps(const struct line *l, FILE *f)
{
	put_header(l, f);
	put_number(f, "Size", (l->end - l->start) >> 10);
	put_number(f, "KernelPageSize", KB(1));
	put_number(f, "MMUPageSize", KB(1));
	put_counts(f, l->clean, l->dirty, l->locked);
	(void)fprintf(f, "THPeligible:           0\nVmFlags:%s%s%s%s%s%s \n",
	    l->prot & VM_PROT_READ ? " rd" : "",
	    l->prot & VM_PROT_WRITE ? " wr" : "",
	    l->prot & VM_PROT_EXEC ? " ex" : "", l->shared ? " sh" : "",
	    " mr mw me", l->locked != 0 ? " lo" : "");
}

void
proc_text_smaps(struct space *space, FILE *f)
{
	each_line(space, f, put_smaps, false);
}

struct sums {
	vaddr_t start, end;
	vm_pindex_t pages, clean, dirty, locked, text, writable;
};

static struct sums
add_up(struct space *space)
{
	struct vm_map *map = &space->vm->map;
	struct sums s = { .start = 0 };
	struct vm_map_entry *e;
	struct counts n;

	vm_map_lock_read(map);
	for (e = vm_map_first(map); e != NULL; e = vm_map_next(map, e)) {
		if ((e->flags & VM_ENTRY_FOREIGN) || vm_entry_is_guard(e))
			continue;
		n = count_pages(map, e);
		s.start = s.end == 0 ? e->start : s.start;
		s.end = e->end;
		s.pages += vm_entry_npages(e);
		s.clean += n.clean;
		s.dirty += n.dirty;
		if (vm_entry_is_wired(e))
			s.locked += n.clean + n.dirty;
		if (e->prot & VM_PROT_EXEC)
			s.text += vm_entry_npages(e);
		else if ((e->prot & VM_PROT_WRITE) && (e->flags & VM_ENTRY_COW))
			s.writable += vm_entry_npages(e);
	}
	vm_map_unlock_read(map);
	return s;
}

void
proc_text_rollup(struct space *space, FILE *f)
{
	struct sums s = add_up(space);

	(void)fprintf(f, "%08lx-%08lx ---p 00000000 00:00 0 %*s[rollup]\n",
	    s.start, s.end, 24, "");
	put_counts(f, s.clean, s.dirty, s.locked);
}

void
proc_text_statm(struct space *space, FILE *f)
{
	struct sums s = add_up(space);

	(void)fprintf(f, "%lu %lu %lu %lu 0 %lu 0\n", s.pages,
	    s.clean + s.dirty, s.clean, s.text, s.writable);
}

/* ----------------------------------------- arguments and the environment */

/* [start, end) of the program's memory; stop_at_nul: up to a NUL. */
static void
put_memory(struct space *space, vaddr_t start, vaddr_t end, FILE *f,
    bool stop_at_nul)
{
	char buf[VM_PAGE_SIZE];
	const char *nul = NULL;
	vaddr_t at = start;
	size_t want, got;

	while (at < end && nul == NULL) {
		want = VM_PAGE_SIZE - (at & VM_PAGE_MASK);
		if (want > end - at)
			want = end - at;
		(void)vmspace_read(space->vm, at, buf, want, &got);
		if (got == 0)
			break;
		if (stop_at_nul && (nul = memchr(buf, '\0', got)) != NULL)
			got = (size_t)(nul - buf);
		(void)fwrite(buf, 1, got, f);
		at += got;
	}
}

/*
 * A program that writes a title over its arguments may write on into the
 * environment; then there is no NUL at their end, and it is one string.
 */
void
proc_text_cmdline(struct space *space, FILE *f)
{
	char last = '\0';
	size_t got;

	if (space->arg_start < space->arg_end)
		(void)vmspace_read(space->vm, space->arg_end - 1, &last, 1,
		    &got);
	if (last == '\0')
		put_memory(space, space->arg_start, space->arg_end, f, false);
	else
		put_memory(space, space->arg_start, space->env_end, f, true);
}

void
proc_text_environ(struct space *space, FILE *f)
{
	put_memory(space, space->env_start, space->env_end, f, false);
}
