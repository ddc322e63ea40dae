/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * charge.c - see charge.h.
 */
#include "host/charge.h"

#include "host/size.h"

bool
charge_refuses(struct run *run, vsize_t more)
{
	struct vm_charge now, max;

	vm_charge_get(run->sys, &now, &max);
	return run->options->no_overcommit &&
	    now.anon + vm_atop(more) > max.anon;
}

void
charge_explain(struct run *run, vsize_t more, char *text, size_t size)
{
	struct vm_charge now, max;

	vm_charge_get(run->sys, &now, &max);
	(void)snprintf(text, size,
	    "--no-overcommit: it wants %lluK more, and of the %lluK that -m "
	    "and -s can hold %lluK are promised",
	    size_kb(vm_atop(more)), size_kb(max.anon), size_kb(now.anon));
}
