/* SPDX-License-Identifier: Apache-2.0 */
#include "bluez/library.h"

#include <uv.h>

#include "base/str.h"

#define FILE_NAME "libdbus-1.so.3"

const struct library *library_load(char *why, size_t why_size)
{
	static uv_lib_t file; /* never closed: libdbus keeps things for its process */
	static struct library library;
	static bool loaded;
	struct str s;
	str_init(&s, why, why_size);
	if (loaded)
		return &library;
	if (uv_dlopen(FILE_NAME, &file) != 0) {
		str_add(&s,
			"Bluetooth needs D-Bus's library " FILE_NAME
			" (%.120s): install libdbus-1-3, on OpenWrt libdbus",
			uv_dlerror(&file));
		uv_dlclose(&file);
		return NULL;
	}
#define LOAD(name)                                                                                                     \
	if (uv_dlsym(&file, "dbus_" #name, (void **)&library.name) != 0) {                                             \
		str_add(&s, FILE_NAME " has no dbus_" #name ", expected D-Bus 1.12 or later");                         \
		uv_dlclose(&file);                                                                                     \
		return NULL;                                                                                           \
	}
	LIBRARY_FUNCTIONS(LOAD)
#undef LOAD
	loaded = true;
	return &library;
}
