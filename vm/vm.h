/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm.h - everything a user of the library includes, and the beginning and
 * the end of a system.  Public; no file of the core includes it.
 */
#ifndef VM_H
#define VM_H

#include "vm/pager/anon.h"
#include "vm/pager/device.h"
#include "vm/pager/file.h"
#include "vm/vm_check.h"
#include "vm/vm_checkpoint.h"
#include "vm/vm_dump.h"
#include "vm/vm_env.h"
#include "vm/vm_extract.h"
#include "vm/vm_fault.h"
#include "vm/vm_init.h"
#include "vm/vm_loan.h"
#include "vm/vm_metadata.h"
#include "vm/vm_oom.h"
#include "vm/vm_mmap.h"
#include "vm/vm_page.h"
#include "vm/vm_pageout.h"
#include "vm/vm_stack.h"
#include "vm/vm_swap.h"
#include "vm/vm_swapoff.h"
#include "vm/vm_swapper.h"
#include "vm/vm_transfer.h"
#include "vm/vm_vslock.h"
#include "vm/vmspace.h"

#endif
