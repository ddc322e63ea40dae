/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/syscall.h"
const struct syscall_entry_of sys_file_calls[] = { { 0, NULL } };
