/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_stats.h - what the system counts.  Public.
 *
 * Counters only grow, from the start of the system; a peak is the largest
 * value.  They are relaxed atomics: exact once everything is quiet, never torn.
 * The list is written once, as a macro of (name, meaning), so that printing
 * them needs no second list.  The cases of a fault are named as in UVM's
 * struct uvmexp; docs/counters.md has the names of other systems.
 */
#ifndef VM_STATS_H
#define VM_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#define VM_STATS(X)                                                           \
	X(faults, "faults taken")                                             \
	X(fault_retries, "faults that had to start again")                    \
	X(flt_anon, "found in an anon, mapped as it is (1A)")                 \
	X(flt_acow, "found in a shared anon, copied (1B)")                    \
	X(flt_obj, "found in the object, mapped as it is (2A)")               \
	X(flt_prcopy, "found in the object, promoted by a copy (2B)")         \
	X(flt_przero, "found nowhere, promoted as zeroes (2B)")               \
	X(fault_object_zero, "zero-filled in a shared anonymous object")      \
	X(fault_ahead_zero, "pages zero-filled ahead of a fault")             \
	X(fault_ahead_copy, "pages copied ahead of a fault")                  \
	X(fault_nomap, "faults with nothing mapped there")                    \
	X(fault_noaccess, "faults the protection forbids")                    \
	X(fault_nomem, "faults that found no memory")                         \
	X(throttled, "times that a heavy writer had to wait for paging")      \
	X(neighbours, "resident neighbours entered by a fault")               \
	X(fault_wire, "pages wired by a fault")                               \
	X(amap_copies, "amaps copied to clear needs-copy")                    \
	X(amap_takes, "needs-copy cleared by taking over the last reference") \
	X(amap_extends, "amaps grown in place for a neighbour")               \
	X(shadows, "shadow objects made")                                     \
	X(shadow_takes, "needs-copy cleared by the only user left")           \
	X(shadow_depth_peak, "most layers looked at to find a page")          \
	X(collapses, "shadow objects merged into the one above")              \
	X(collapse_pages, "pages that moved up or went in a collapse")        \
	X(bypasses, "shadow objects found hidden, and left out")              \
	X(cow_moves, "pages taken from below instead of copied")              \
	X(object_splits, "objects cut at a fork to what the entry maps")      \
	X(backing_drops, "backing lists dropped for a complete head")         \
	X(backing_collapses, "backing lists faulted into their head")         \
	X(loans, "times that a page was lent")                                \
	X(loan_breaks, "pages copied because they were lent")                 \
	X(loan_copies, "pages copied because a design cannot borrow them")    \
	X(loan_orphans, "pages that lost their owner while they were lent")   \
	X(anons_allocated, "anons allocated")                                 \
	X(anons_freed, "anons freed")                                         \
	X(entries_allocated, "map entries allocated")                         \
	X(entries_freed, "map entries freed")                                 \
	X(entries_merged, "map entries saved by merging")                     \
	X(map_passes, "passes over new mappings to set attributes")           \
	X(stack_grows, "stacks grown by a fault")                             \
	X(stack_strays, "stack pointers found outside of stacks")             \
	X(entries_clipped, "map entries made by clipping")                    \
	X(swapouts, "address spaces swapped out")                             \
	X(swapins, "address spaces that ran again after that")                \
	X(swapout_pages, "pages that they gave up")                           \
	X(rss_deactivated, "pages given up by spaces over their limit")       \
	X(forks, "address spaces forked")                                     \
	X(checkpoints, "checkpoints taken of address spaces")                 \
	X(branches, "address spaces that began at a checkpoint")              \
	X(resets, "address spaces that went back to one")                     \
	X(reset_pages, "pages that they gave up for it")                      \
	X(extract_copies, "pages copied for a space of another design")       \
	X(charge_refused, "refusals because memory and swap are promised")    \
	X(pages_zeroed, "frames filled with zeroes")                          \
	X(pages_copied, "frames copied")                                      \
	X(pageins, "pages read from backing store")                           \
	X(pagein_io, "requests that read them")                               \
	X(rereads, "pages of files read again, at least")                     \
	X(spare_uses, "pages that were as good as free, and used again")      \
	X(ra_hit, "requests that went on where somebody had read")            \
	X(ra_miss, "requests for pages elsewhere")                            \
	X(ra_pages, "pages read along with others")                           \
	X(ra_used, "of those, found to be used")                              \
	X(ra_unused, "of those, gone before anybody used them")               \
	X(pageouts, "pages written to backing store")                         \
	X(pageout_io, "requests that wrote them")                             \
	X(pageout_errors, "pages whose writing failed and that stay dirty")   \
	X(swap_allocs, "swap slots taken")                                    \
	X(swap_frees, "swap slots given back by their last user")             \
	X(swap_bad, "swap slots given up because the device failed there")    \
	X(swap_reads, "pages read from swap")                                 \
	X(swap_read_io, "requests to swap devices that read them")            \
	X(swap_writes, "pages written to swap")                               \
	X(swap_write_io, "requests to swap devices that wrote them")          \
	X(swap_retries, "failed reads of swap repeated page by page")         \
	X(swap_wrong, "pages that came from swap with a wrong checksum")      \
	X(swap_errors, "pages swap did not write, or not give back right")    \
	X(pd_passes, "passes of the page daemon over its queues")             \
	X(pd_scanned, "pages it looked at to let them go")                    \
	X(pd_reactivated, "pages it found to be used")                        \
	X(pd_deactivated, "pages it made inactive")                           \
	X(pd_freed, "clean pages it freed")                                   \
	X(retired, "pages made inactive by advice, or behind a reader")       \
	X(object_cache_hits, "objects found again after their last unmap")    \
	X(object_cache_drops, "cached objects dropped for their memory")

struct vm_stats {
#define VM_STATS_FIELD(name, meaning) _Atomic uint64_t name;
	VM_STATS(VM_STATS_FIELD)
#undef VM_STATS_FIELD
};

#define VM_COUNT(sys, field) VM_COUNT_N(sys, field, 1)
#define VM_COUNT_N(sys, field, n)                                            \
	((void)atomic_fetch_add_explicit(&(sys)->stats.field, (uint64_t)(n), \
	    memory_order_relaxed))

/* For the peaks among them: at least n. */
#define VM_COUNT_PEAK(sys, field, n) \
	vm_stats_raise(&(sys)->stats.field, (uint64_t)(n))

static inline void
vm_stats_raise(_Atomic uint64_t *peak, uint64_t n)
{
	uint64_t was = atomic_load_explicit(peak, memory_order_relaxed);

	while (was < n &&
	    !atomic_compare_exchange_weak_explicit(peak, &was, n,
		memory_order_relaxed, memory_order_relaxed))
		;
}

#endif
