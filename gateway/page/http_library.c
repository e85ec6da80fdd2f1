/* SPDX-License-Identifier: Apache-2.0 */
#include "page/http_library.h"

#include <stdbool.h>
#include <uv.h>

#include "base/str.h"

#define FILE_NAME "libmicrohttpd.so.12"

const struct http_library *http_library_load(char *why, size_t why_size)
{
	static uv_lib_t file; /* never closed: it has initialised what it stands on */
	static struct http_library library;
	static bool loaded;
	struct str s;
	str_init(&s, why, why_size);
	if (loaded)
		return &library;
	if (uv_dlopen(FILE_NAME, &file) != 0) {
		str_add(&s,
			"the page needs the library " FILE_NAME
			" (%.120s): install libmicrohttpd12, on OpenWrt libmicrohttpd-no-ssl",
			uv_dlerror(&file));
		uv_dlclose(&file);
		return NULL;
	}
#define LOAD(name)                                                                                                     \
	if (uv_dlsym(&file, "MHD_" #name, (void **)&library.name) != 0) {                                              \
		str_add(&s, FILE_NAME " has no MHD_" #name ", expected libmicrohttpd 0.9.71 or later");                \
		uv_dlclose(&file);                                                                                     \
		return NULL;                                                                                           \
	}
	HTTP_LIBRARY_FUNCTIONS(LOAD)
#undef LOAD
	loaded = true;
	return &library;
}
