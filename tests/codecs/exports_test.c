/* SPDX-License-Identifier: Apache-2.0
 *
 * Opens every plugin that was built, as the gateway does, and counts what it exports. Arguments: the shared objects. */
#include "base/testing.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>

#include "therapy/plugin.h"

/* What the sanitizers and the linker add by themselves is not the plugin's. */
static bool is_foreign(const char *name)
{
	static const char *const prefixes[] = {"__odr_asan", "__asan",      "__ubsan", "__tsan", "_init",
					       "_fini",      "__bss_start", "_edata",  "_end"};
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static char *read_whole(const char *path, long *size)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	*size = ftell(file);
	rewind(file);
	char *bytes = malloc((size_t)*size);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)*size, file), *size);
	fclose(file);
	return bytes;
}

/* Counts the symbols of .dynsym that others can bind to. */
static unsigned count_exports(const char *path, const char **last)
{
	static char name[128];
	long size = 0;
	char *image = read_whole(path, &size);
	ElfW(Ehdr) head;
	memcpy(&head, image, sizeof head);
	unsigned exports = 0;
	for (size_t i = 0; i < head.e_shnum; i++) {
		ElfW(Shdr) section, strings;
		memcpy(&section, image + head.e_shoff + i * head.e_shentsize, sizeof section);
		if (section.sh_type != SHT_DYNSYM)
			continue;
		memcpy(&strings, image + head.e_shoff + (size_t)section.sh_link * head.e_shentsize, sizeof strings);
		for (size_t at = 0; at < section.sh_size; at += section.sh_entsize) {
			ElfW(Sym) symbol;
			memcpy(&symbol, image + section.sh_offset + at, sizeof symbol);
			const char *text = image + strings.sh_offset + symbol.st_name;
			if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_BIND(symbol.st_info) == STB_LOCAL ||
			    is_foreign(text))
				continue;
			exports++;
			snprintf(name, sizeof name, "%s", text);
		}
	}
	free(image);
	*last = name;
	return exports;
}

static void a_plugin_exports_its_table_and_nothing_else(void **state)
{
	const char *path = *state, *name = NULL;
	assert_int_equal(count_exports(path, &name), 1);
	assert_string_equal(name, "therapy_plugin");
}

static void a_plugin_opens_and_its_table_is_of_this_abi(void **state)
{
	const char *path = *state;
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	assert_string_equal(object ? "opened" : dlerror(), "opened");
	assert_non_null(object);
	const struct therapy_plugin *plugin = dlsym(object, "therapy_plugin");
	assert_non_null(plugin);
	assert_int_equal(plugin->abi, THERAPY_ABI);
	const struct therapy_sizes sizes = THERAPY_SIZES;
	assert_memory_equal(&plugin->sizes, &sizes, sizeof sizes);
	/* The file is called as the plugin is. */
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	assert_memory_equal(base, plugin->key, strlen(plugin->key));
	assert_string_equal(base + strlen(plugin->key), ".so");
	assert_true(plugin->n_models > 0);
	assert_int_equal(dlclose(object), 0);
}

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[64];
	size_t n = 0;
	for (int i = 1; i < argc && n + 2 <= 64; i++) {
		tests[n++] = (struct CMUnitTest){"a_plugin_exports_its_table_and_nothing_else",
						 a_plugin_exports_its_table_and_nothing_else, NULL, NULL, argv[i]};
		tests[n++] = (struct CMUnitTest){"a_plugin_opens_and_its_table_is_of_this_abi",
						 a_plugin_opens_and_its_table_is_of_this_abi, NULL, NULL, argv[i]};
	}
	return n == 0 ? 2 : _cmocka_run_group_tests("plugins", tests, n, NULL, NULL);
}
