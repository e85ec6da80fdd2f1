/* SPDX-License-Identifier: Apache-2.0
 *
 * http_library - libmicrohttpd, loaded when the page is first needed. A gateway without one pays nothing for it: linked
 * in the ordinary way, Debian's brings GnuTLS and eight libraries more along, each with pages of its own in every
 * process of the program. It stays loaded. On the loop's thread.
 *
 * Members are the library's functions without their prefix.
 */
#ifndef PAGE_HTTP_LIBRARY_H
#define PAGE_HTTP_LIBRARY_H

#include <microhttpd.h>
#include <stddef.h>

#define HTTP_LIBRARY_FUNCTIONS(X)                                                                                      \
	X(start_daemon)                                                                                                \
	X(stop_daemon)                                                                                                 \
	X(run)                                                                                                         \
	X(get_timeout)                                                                                                 \
	X(get_daemon_info)                                                                                             \
	X(get_connection_info)                                                                                         \
	X(lookup_connection_value)                                                                                     \
	X(suspend_connection)                                                                                          \
	X(resume_connection)                                                                                           \
	X(create_response_from_buffer)                                                                                 \
	X(create_response_from_callback)                                                                               \
	X(add_response_header)                                                                                         \
	X(queue_response)                                                                                              \
	X(destroy_response)

struct http_library {
#define LIBRARY_MEMBER(name) __typeof__ (&MHD_##name)(name);
	HTTP_LIBRARY_FUNCTIONS(LIBRARY_MEMBER)
#undef LIBRARY_MEMBER
};

/* NULL, and one sentence with what to do, if there is none on this machine. */
const struct http_library *http_library_load(char *why, size_t why_size);

#endif
