/* SPDX-License-Identifier: Apache-2.0
 *
 * lines - a unix stream socket that carries text lines, for owner and group only. It knows nothing of what they say.
 * Everything is bounded: clients, the length of a line, what waits for a slow reader (who is dropped, not waited for).
 * On the loop's thread; owns all its handles.
 */
#ifndef CONSOLE_LINES_H
#define CONSOLE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <uv.h>

#define LINES_CLIENTS_MAX 16u
#define LINES_LINE_MAX    8192u      /* bytes of one that comes in */
#define LINES_WAITING_MAX (1u << 20) /* bytes that may wait for a client */

struct lines;
struct lines_client;

struct lines_callbacks {
	void *user;
	/* One line without its end, NUL-terminated; `client` is valid until `gone`. */
	void (*line)(void *user, struct lines_client *client, const char *text, size_t size);
	void (*gone)(void *user, struct lines_client *client);
};

/* Listens. A socket file that nobody listens at is replaced; one that somebody does, a file that is no socket, and a
 * directory that others could tamper with are refused: a negative UV_E* code, and `why` says what to do. */
int lines_new(uv_loop_t *loop, const char *path, const struct lines_callbacks *callbacks, struct lines **out, char *why,
	      size_t why_size);
/* Copies the text and sends it with a line's end. A client that does not read is dropped by it (`gone` comes later). */
void lines_send(struct lines_client *client, const char *text);
/* Bytes that wait for it. */
size_t lines_waiting(const struct lines_client *client);
/* Closes once what was sent has left. */
void lines_finish(struct lines_client *client);
/* The callers' own mark on a client, 0 at first. */
unsigned *lines_mark(struct lines_client *client);
/* Who it is, as the kernel knows it. */
void lines_peer(const struct lines_client *client, uid_t *uid, pid_t *pid);
/* Every client that is there. */
void lines_each(struct lines *lines, void *user, void (*visit)(void *user, struct lines_client *client));
void lines_close(struct lines *lines, void (*closed)(void *user), void *user);

#endif
