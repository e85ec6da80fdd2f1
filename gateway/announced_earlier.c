/* SPDX-License-Identifier: Apache-2.0 */
#include "announced_earlier.h"

#include <dirent.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/id.h"
#include "base/log.h"
#include "base/str.h"
#include "store/lock.h"

#define SIZE_MOST (4u * 1024 * 1024)
#define MARK      "configuration"
#define ANNOUNCED "announced.json"
#define NEW       "earlier.new"

static bool path_of(char out[PATH_MAX], const char *directory, const char *name)
{
	struct str s;
	str_init(&s, out, PATH_MAX);
	str_add(&s, "%s/%s", directory, name);
	return !s.overflow;
}

static char *read_file(const char *directory, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int fd = path_of(path, directory, name) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
	if (fd < 0)
		return NULL;
	bool fits = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= (off_t)SIZE_MOST;
	char *text = fits ? calloc(1, (size_t)st.st_size + 1) : NULL;
	if (text && read(fd, text, (size_t)st.st_size) != st.st_size) {
		free(text);
		text = NULL;
	}
	close(fd);
	return text;
}

static bool write_file(const char *directory, const char *name, const char *text)
{
	char path[PATH_MAX], new_path[PATH_MAX];
	size_t size = strlen(text);
	if (!path_of(path, directory, name) || !path_of(new_path, directory, NEW))
		return false;
	int fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	bool ok = write(fd, text, size) == (ssize_t)size && fsync(fd) == 0;
	close(fd);
	return ok && rename(new_path, path) == 0;
}

static void forget(const char *directory, const char *name)
{
	char path[PATH_MAX];
	if (path_of(path, directory, name))
		(void)unlink(path);
}

/* Takes `own` over; adds the topics of `other` that it has not. */
static char *joined(char *own, const char *other)
{
	struct json_object *a = own ? json_tokener_parse(own) : json_object_new_object();
	struct json_object *b = json_tokener_parse(other), *to = NULL, *from = NULL;
	char *text = NULL;
	if (a && !json_object_object_get_ex(a, "topics", &to)) {
		to = json_object_new_object();
		json_object_object_add(a, "topics", to);
	}
	if (to && json_object_object_get_ex(b, "topics", &from) && json_object_is_type(from, json_type_object)) {
		json_object_object_foreach(from, topic, components)
		{
			if (!json_object_object_get_ex(to, topic, NULL))
				json_object_object_add(to, topic, json_object_get(components));
		}
		const char *all =
		    json_object_to_json_string_ext(a, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
		text = all ? strdup(all) : NULL;
	}
	json_object_put(a);
	json_object_put(b);
	if (!text)
		return own;
	free(own);
	return text;
}

/* What the directory of the id beside ours has; it is ours from now on. */
static char *take_over(const char *directory, const char *beside, const char *id, char *own)
{
	pid_t holder;
	int lock = lock_take(beside, &holder);
	if (lock < 0)
		return own; /* that gateway runs */
	char *other = read_file(beside, ANNOUNCED);
	char *all = other ? joined(own, other) : own;
	if (other && all && write_file(directory, ANNOUNCED, all)) {
		log_info("mqtt", "this configuration had the id '%s' before: what was announced under it is taken back",
			 id);
		forget(beside, ANNOUNCED);
	}
	forget(beside, MARK);
	free(other);
	close(lock);
	return all;
}

static bool of_configuration(const char *directory, const char *configuration)
{
	char *text = read_file(directory, MARK);
	bool same = text && strcmp(text, configuration) == 0;
	free(text);
	return same;
}

char *announced_earlier(const char *directory, const char *configuration, char *own)
{
	char real[PATH_MAX], parent[PATH_MAX], beside[PATH_MAX];
	const char *name = strrchr(directory, '/');
	if (!name || !realpath(configuration, real) || !str_copy(parent, sizeof parent, directory))
		return own;
	parent[name - directory] = '\0';
	if (!of_configuration(directory, real) && !write_file(directory, MARK, real))
		log_debug("mqtt",
			  "%s/" MARK " cannot be written: a change of the gateway's id will leave its old entities",
			  directory);
	DIR *all = opendir(parent[0] ? parent : "/");
	for (const struct dirent *entry; all && (entry = readdir(all));)
		if (strcmp(entry->d_name, name + 1) != 0 && id_valid(entry->d_name) &&
		    path_of(beside, parent, entry->d_name) && of_configuration(beside, real))
			own = take_over(directory, beside, entry->d_name, own);
	if (all)
		closedir(all);
	return own;
}
