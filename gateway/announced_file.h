/* SPDX-License-Identifier: Apache-2.0
 * Keeps what the gateway announced (mqtt/announced.h) in its state directory, so that the next run can take back what
 * is not configured any more. Losing it costs an orphan in Home Assistant, no more. On the loop's thread; a worker
 * thread of libuv writes. Used by outward.c alone. */
#ifndef ANNOUNCED_FILE_H
#define ANNOUNCED_FILE_H

#include <uv.h>

struct announced_file {
	uv_loop_t *loop;
	char path[512], new_path[520];
	uv_work_t work;
	char *writing, *waiting; /* the worker's; the loop's */
	int error;
};

/* `directory`: where it is kept; NULL: nowhere. It must live as long as the loop runs. */
void announced_file_init(struct announced_file *file, uv_loop_t *loop, const char *directory);
/* What the run before kept, allocated; NULL: nothing. Blocks: start-up only. */
char *announced_file_read(const struct announced_file *file);
/* Copies the text. Of several only the latest is written; the loop does not end before it is. */
void announced_file_write(struct announced_file *file, const char *text);

#endif
