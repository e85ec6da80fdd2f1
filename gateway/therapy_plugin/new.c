/* SPDX-License-Identifier: Apache-2.0
 *
 * new NAME [--dir D] */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "therapy_plugin/command.h"
#include "therapy_plugin/template.h"

enum { NAME_BYTES_MAX = 40, PATH_BYTES = 4096 };

/* Targets that CMake keeps for itself, and what is not a device's name. */
static const char *const taken[] = {
    "all",  "clean",   "edit_cache",    "help",           "install",   "list_install_components",
    "test", "package", "rebuild_cache", "therapy_plugin", TEMPLATE_KEY};

struct naming {
	char key[NAME_BYTES_MAX + 1], name[NAME_BYTES_MAX + 1];
};

static bool take_name(const char *given, struct naming *out)
{
	size_t n = strlen(given);
	bool good = n > 0 && n <= NAME_BYTES_MAX && given[0] >= 'a' && given[0] <= 'z' && given[n - 1] != '_' &&
		    !strstr(given, "__") && given[strspn(given, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
	if (!good) {
		command_usage(
		    "new: found the name '%.60s', expected letters a-z, digits and _, a letter first, at most %d of "
		    "them, as in my_device",
		    given, NAME_BYTES_MAX);
		return false;
	}
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (strcmp(given, taken[i]) == 0) {
			command_usage("new: the name '%s' means something else to the build, expected another", given);
			return false;
		}
	memcpy(out->key, given, n + 1);
	memcpy(out->name, given, n + 1);
	for (char *c = out->name; *c; c++)
		if (*c == '_')
			*c = ' ';
	out->name[0] = (char)(out->name[0] - 'a' + 'A');
	return true;
}

/* Writes the bytes with both words replaced. */
static void put(FILE *to, const char *at, const char *end, const struct naming *naming)
{
	size_t n = strlen(TEMPLATE_KEY);
	while (at < end) {
		bool room = (size_t)(end - at) >= n;
		if (room && memcmp(at, TEMPLATE_KEY, n) == 0) {
			fputs(naming->key, to);
			at += n;
		} else if (room && memcmp(at, TEMPLATE_NAME, n) == 0) {
			fputs(naming->name, to);
			at += n;
		} else {
			fputc(*at++, to);
		}
	}
}

static bool failed(const char *path)
{
	command_usage("%s: %s", path, strerror(errno));
	return false;
}

static bool path_in(const char *folder, const char *path, const struct naming *naming, char out[PATH_BYTES])
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	if (!stream)
		return failed(path);
	put(stream, path, path + strlen(path), naming);
	fclose(stream);
	int n = snprintf(out, PATH_BYTES, "%s/%s", folder, text);
	free(text);
	errno = ENAMETOOLONG;
	return (n > 0 && n < PATH_BYTES) || failed(path);
}

static bool make_parent(const char *folder, char *path)
{
	char *slash = strrchr(path, '/');
	if (slash == path + strlen(folder))
		return true;
	*slash = '\0';
	bool good = mkdir(path, 0777) == 0 || errno == EEXIST || failed(path);
	*slash = '/';
	return good;
}

static bool write_file(const char *folder, const struct template_file *file, const struct naming *naming)
{
	char path[PATH_BYTES];
	if (!path_in(folder, file->path, naming, path) || !make_parent(folder, path))
		return false;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file->runs ? 0777 : 0666);
	FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
	if (!to) {
		failed(path);
		if (fd >= 0)
			close(fd);
		return false;
	}
	put(to, file->begin, file->end, naming);
	bool good = !ferror(to);
	good = fclose(to) == 0 && good;
	if (good)
		printf("  %s\n", path);
	return good || failed(path);
}

int command_new(int argc, char **argv)
{
	struct naming naming;
	char folder[PATH_BYTES];
	const char *in = ".";
	if (argc < 1)
		return command_usage("new: expected NAME, as in my_device");
	if (argc == 3 && strcmp(argv[1], "--dir") == 0)
		in = argv[2];
	else if (argc != 1)
		return command_usage("new: found '%s', expected nothing or --dir FOLDER behind the name", argv[1]);
	if (!take_name(argv[0], &naming))
		return COMMAND_USAGE;
	int n = snprintf(folder, sizeof folder, "%s/%s", in, naming.key);
	if (n < 0 || (size_t)n >= sizeof folder)
		return command_usage("%s: the path is too long", in);
	if (mkdir(folder, 0777) != 0) {
		if (errno == EEXIST)
			return command_usage(
			    "%s: there is such a folder already, and nothing in it was touched; expected "
			    "another name or --dir",
			    folder);
		failed(folder);
		return COMMAND_USAGE;
	}
	puts("A device that builds and passes its tests, to be made yours:");
	for (size_t i = 0; i < template_n_files; i++)
		if (!write_file(folder, &template_files[i], &naming))
			return COMMAND_USAGE;
	printf(
	    "\n  cd %s\n  cmake -B build && cmake --build build\n  therapy-plugin check build/%s.so vectors/%s.vec\n",
	    folder, naming.key, naming.key);
	return COMMAND_GOOD;
}
