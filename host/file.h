/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.h - files that are mapped.
 *
 * All mappings of a file, in all processes of the run, share one object of the
 * core, found by device and inode.  Its pages are ours, not the page cache of
 * the host; so whoever else reads or writes the file must be told, or looked
 * for (sys_file.c).
 */
#ifndef HOST_FILE_H
#define HOST_FILE_H

#include "host/run.h"

struct stat;

/*
 * file_object: the object of an open file, with one more reference.  Takes
 * over fd.  writable: fd may be written to, and mappings want to.
 * => NULL: no memory, or fd is not of a file
 * => pages of a file that has changed since it was last used are forgotten
 */
struct vm_object *file_object(struct run *, int fd, bool writable);

/* file_find: the object of a file if there is one, referenced; or NULL. */
struct vm_object *file_find(struct run *, const struct stat *);

/* file_changed: we, or the program, have just changed the file. */
void file_changed(struct vm_object *);

/*
 * file_refresh: [start, end) of the file has been changed by a call: put the
 * bytes, zeroes behind its end, into those pages that are resident, and touch
 * no others: the program may be storing to them.
 */
void file_refresh(struct vm_object *, uint64_t start, uint64_t end);

/*
 * file_keep_writing: the file is going to be sealed against writing, but for
 * the mappings that it has.  Our write-back must still reach it.
 */
void file_keep_writing(struct vm_object *);

/*
 * file_end_writing: a program is going to be executed, which the host refuses
 * while anybody has its file open for writing: so keep those that no mapping
 * needs any more open for reading only.
 */
void file_end_writing(struct run *);

/* file_flush_all: write every file's changed pages. */
void file_flush_all(struct run *);

/* file_path: where it is now, "" if it is not a file.  => its length */
size_t file_path(const struct vm_object *, char *buf, size_t size);

/* file_fini: the system has ended, and every file is closed. */
void file_fini(struct run *);

/* file_size: in bytes, 0 if it cannot be known. */
uint64_t file_size(const struct vm_object *);

#endif
