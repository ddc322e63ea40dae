/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.h - assertions, and what the code wants from the compiler.
 *
 * An assertion guards against a caller's mistake that correct code cannot
 * make; it is never the way to report an error.  Three grades:
 *
 *	VM_ASSERT	cheap		on unless NDEBUG is defined
 *	VM_CHECK	expensive	on when VM_CHECKS is defined
 *	VM_VERIFY	any cost	always on: the body of x_check()
 *
 * A condition that is off is compiled but not evaluated, so it must have no
 * side effect and its names count as used.
 *
 * A failed assertion ends in vm_panic(), the one symbol that this layer
 * wants from its host.  The compiler's attributes have their names here and
 * nowhere else.
 */

#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include <stddef.h>
#include <stdint.h>

/*
 * vm_panic: say what is broken and stop.  Supplied by the host.
 *
 * what	the condition that does not hold, as text
 * => may be called with any lock held, must not return
 */
_Noreturn void vm_panic(const char *what, const char *file, int line);

#define VM_LIKELY(x)        (__builtin_expect(!!(x), 1))
#define VM_UNLIKELY(x)      (__builtin_expect(!!(x), 0))
#define VM_HOT              __attribute__((hot))
#define VM_COLD             __attribute__((cold))
#define VM_NOINLINE         __attribute__((noinline))
#define VM_UNUSED           __attribute__((unused))
#define VM_PRINTFLIKE(f, a) __attribute__((format(printf, f, a)))

#define VM_VERIFY(cond) \
	(VM_LIKELY(cond) ? (void)0 : vm_panic(#cond, __FILE__, __LINE__))
#define VM_IGNORE(cond) ((void)(0 && (cond)))

#ifdef NDEBUG
#define VM_ASSERT(cond)  VM_IGNORE(cond)
#define VM_UNREACHABLE() __builtin_unreachable()
#else
#define VM_ASSERT(cond)  VM_VERIFY(cond)
#define VM_UNREACHABLE() vm_panic("unreachable", __FILE__, __LINE__)
#endif

/* VM_CHECKS_ON: 1 where VM_CHECK is evaluated, for code that prepares it. */
#ifdef VM_CHECKS
#define VM_CHECKS_ON   1
#define VM_CHECK(cond) VM_VERIFY(cond)
#else
#define VM_CHECKS_ON   0
#define VM_CHECK(cond) VM_IGNORE(cond)
#endif

/*
 * container_of: the structure of the given type whose member is at ptr.  A
 * pointer to const may go in; by way of an integer no compiler minds.  The
 * comparison, not evaluated, makes it mind a pointer to another type.
 */
#define container_of(ptr, type, member)                         \
	((type *)(((uintptr_t)(ptr)) - offsetof(type, member) + \
	    0 * sizeof((ptr) == &((type *)0)->member)))

#endif /* BASE_CHECK_H */
