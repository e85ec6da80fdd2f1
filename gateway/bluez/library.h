/* SPDX-License-Identifier: Apache-2.0
 *
 * library - libdbus, loaded when it is first needed. A gateway without Bluetooth devices pays nothing for it: linked in
 * the ordinary way, Debian's brings libsystemd and four compression and crypto libraries along, each with pages of its
 * own in every process of the program. It stays loaded. On the loop's thread.
 *
 * Members are libdbus's functions without their prefix.
 */
#ifndef BLUEZ_LIBRARY_H
#define BLUEZ_LIBRARY_H

#include <dbus/dbus.h>
#include <stddef.h>

#define LIBRARY_FUNCTIONS(X)                                                                                           \
	X(parse_address)                                                                                               \
	X(free)                                                                                                        \
	X(address_escape_value)                                                                                        \
	X(address_entries_free)                                                                                        \
	X(address_entry_get_method)                                                                                    \
	X(address_entry_get_value)                                                                                     \
	X(error_init)                                                                                                  \
	X(error_free)                                                                                                  \
	X(connection_open_private)                                                                                     \
	X(connection_close)                                                                                            \
	X(connection_unref)                                                                                            \
	X(connection_set_watch_functions)                                                                              \
	X(connection_set_dispatch_status_function)                                                                     \
	X(connection_add_filter)                                                                                       \
	X(connection_dispatch)                                                                                         \
	X(connection_get_dispatch_status)                                                                              \
	X(connection_get_is_connected)                                                                                 \
	X(connection_get_outgoing_size)                                                                                \
	X(connection_set_max_received_size)                                                                            \
	X(connection_send)                                                                                             \
	X(connection_send_with_reply)                                                                                  \
	X(pending_call_set_notify)                                                                                     \
	X(pending_call_steal_reply)                                                                                    \
	X(pending_call_cancel)                                                                                         \
	X(pending_call_unref)                                                                                          \
	X(message_new_method_call)                                                                                     \
	X(message_set_auto_start)                                                                                      \
	X(message_unref)                                                                                               \
	X(message_get_type)                                                                                            \
	X(message_get_error_name)                                                                                      \
	X(message_get_path)                                                                                            \
	X(message_get_sender)                                                                                          \
	X(message_is_signal)                                                                                           \
	X(message_iter_init)                                                                                           \
	X(message_iter_next)                                                                                           \
	X(message_iter_recurse)                                                                                        \
	X(message_iter_get_arg_type)                                                                                   \
	X(message_iter_get_basic)                                                                                      \
	X(message_iter_get_element_type)                                                                               \
	X(message_iter_get_fixed_array)                                                                                \
	X(message_iter_init_append)                                                                                    \
	X(message_iter_append_basic)                                                                                   \
	X(message_iter_append_fixed_array)                                                                             \
	X(message_iter_open_container)                                                                                 \
	X(message_iter_close_container)                                                                                \
	X(watch_get_unix_fd)                                                                                           \
	X(watch_get_flags)                                                                                             \
	X(watch_get_enabled)                                                                                           \
	X(watch_handle)

struct library {
#define LIBRARY_MEMBER(name) __typeof__ (&dbus_##name)(name);
	LIBRARY_FUNCTIONS(LIBRARY_MEMBER)
#undef LIBRARY_MEMBER
};

/* NULL, and one sentence with what to do, if there is none on this machine. */
const struct library *library_load(char *why, size_t why_size);

#endif
