/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * systab_shape.c - structs of the kernel that hold pointers.
 *
 * Each shape lists the pointers of one struct by their offsets; systab.h has
 * the words.  A shape says nothing of the size of its struct: the row that
 * uses it does.
 */

#include "host/systab.h"

/* clang-format off */
const struct sys_buf sys_shapes[SYS_SHAPES][SYS_FIELDS] = {
	/* struct iovec */
	[SHAPE_iov_in] = { P_IN(0, P_BYTES(8)) },
	[SHAPE_iov_out] = { P_OUT(0, P_BYTES(8)) },

	/* struct user_msghdr, also at the start of struct mmsghdr */
	[SHAPE_send_msg] = {
		P_IN(0, P_BYTES32(8)),			/* name */
		P_IN(16, P_MANY(iov_in, 16, 24)),	/* iov */
		P_IN(32, P_BYTES(40)),			/* control */
	},
	[SHAPE_recv_msg] = {
		P_OUT(0, P_BYTES32(8)),
		P_IN(16, P_MANY(iov_out, 16, 24)),
		P_OUT(32, P_BYTES(40)),
	},

	/* sixth argument of pselect6: pointer to a signal mask, its size */
	[SHAPE_mask] = { P_IN(0, SIGSET) },

	/* struct sigevent for mq_notify: the cookie of SIGEV_THREAD */
	[SHAPE_sigevent] = { P_IN(0, SIZE(32)) },

	/* struct futex_waitv; written as in systab_cmd.c */
	[SHAPE_futex] = { P_INOUT(8, INT) },

	/* struct clone_args */
	[SHAPE_clone] = {
		P_OUT(8, INT),				/* pidfd */
		P_OUT(16, INT),				/* child_tid */
		P_OUT(24, INT),				/* parent_tid */
		P_IN(64, P_ARRAY64(4, 72)),		/* set_tid */
	},

	/* struct sock_fprog */
	[SHAPE_fprog] = { P_IN(8, P_ARRAY16(8, 0)) },

	/* struct xattr_args */
	[SHAPE_xattr_in] = { P_IN(0, P_BYTES32(8)) },
	[SHAPE_xattr_out] = { P_OUT(0, P_BYTES32(8)) },

	/* struct ifconf */
	[SHAPE_ifconf] = { P_OUT(8, P_BYTES32(0)) },

	/* struct ifreq, struct iwreq: a name, then it depends */
	[SHAPE_ifreq] = { P_INOUT(16, GUESS) },

	/* union bpf_attr for BPF_PROG_LOAD */
	[SHAPE_prog_load] = {
		P_IN(8, P_ARRAY32(8, 4)),		/* insns */
		P_IN(16, STRING),			/* license */
		P_OUT(32, P_BYTES32(28)),		/* log_buf */
		P_INOUT(80, GUESS),			/* func_info */
		P_INOUT(96, GUESS),			/* line_info */
		P_INOUT(120, GUESS),			/* fd_array */
	},

	/* a struct that is not known here */
	[SHAPE_words] = {
		P_INOUT(0, GUESS), P_INOUT(8, GUESS), P_INOUT(16, GUESS),
		P_INOUT(24, GUESS), P_INOUT(32, GUESS), P_INOUT(40, GUESS),
		P_INOUT(48, GUESS), P_INOUT(56, GUESS), P_INOUT(64, GUESS),
		P_INOUT(72, GUESS),
	},
};
/* clang-format on */
