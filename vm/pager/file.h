/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager/file.h - objects of files, through functions of the host.  Public.
 *
 * All mappings of a file share one object, found by the file's key.  Pages
 * are read in clusters and written back in clusters; the tail of the last
 * page reads as zeroes and never reaches the file.
 */
#ifndef VM_PAGER_FILE_H
#define VM_PAGER_FILE_H

#include "base/fmt.h"
#include "vm/vm_object.h"

/*
 * What the host does for a file.  All may block.  The vectors are whole pages;
 * off and *done are bytes.  0 or VM_EIO.  Reading at the end stops short; if it
 * does before, that is an error, but for whole pages.
 * A write never makes the file longer, even if it has become shorter since its
 * size was asked for.
 */
struct vm_file_ops {
	int (*read)(void *file, uint64_t off, void *const *pages,
	    unsigned npages, size_t *done);
	int (*write)(void *file, uint64_t off, void *const *pages, size_t len);
	/* read_start: as read, of io->npages pages at io->offset; may return
	 * before its end (vm_io.h), and io->len is what read calls *done.
	 * NULL: read is called, and waited for.  With it read is called only
	 * where somebody would sleep anyhow. */
	void (*read_start)(void *file, struct vm_io *io);
	/* start: as write, of io->len bytes at io->offset; may return before
	 * its end (vm_io.h).  NULL: write is called.  With it write is not. */
	void (*start)(void *file, struct vm_io *io);
	/* sync: what has been written shall last.  May be NULL. */
	int (*sync)(void *file);
	int (*size)(void *file, uint64_t *bytes);
	/* close: from any thread, if there is read_start: the file may be let
	 * go of with a read under way, and closed at its end. */
	void (*close)(void *file);
	/* punch: make bytes zeroes, not past the end.  May be NULL. */
	int (*punch)(void *file, uint64_t off, uint64_t len);
	/* name: put what people call the file, for dumps.  May be NULL. */
	void (*name)(void *file, const struct fmt_out *);
};

/*
 * vm_file_object: the object of a file, found by key or new, with one more
 * reference.  A file handle passed for an object that exists is not taken over
 * (*taken is false and the caller still owns it).
 * => may block       => NULL: no memory of the host
 */
struct vm_object *vm_file_object(struct vm_system *, const struct vm_file_ops *,
    void *file, struct vm_object_key, bool *taken);

/* The host's handle behind a file object, NULL when it is another kind. */
void *vm_file_handle(const struct vm_object *);

#endif
