/* SPDX-License-Identifier: Apache-2.0 */
#include "begin/survey.h"

#include <dirent.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "begin/stop.h"

/* Sticks that are another program's radio: whoever listens there takes its bytes away. */
static bool is_radio(const char *path)
{
	static const char *const names[] = {"zig", "conbee", "skyconnect", "z-wave", "zwave", "zooz", "sonoff"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasestr(path, names[i]))
			return true;
	return false;
}

static bool holds(const char *folder, const char *real)
{
	DIR *open = opendir(folder);
	struct dirent *entry;
	bool found = false;
	while (open && !found && (entry = readdir(open))) {
		char path[PATH_MAX], target[PATH_MAX];
		struct str s;
		str_init(&s, path, sizeof path);
		str_add(&s, "%s/%s", folder, entry->d_name);
		ssize_t n = s.overflow ? -1 : readlink(path, target, sizeof target - 1);
		if (n > 0) {
			target[n] = '\0';
			found = strcmp(target, real) == 0;
		}
	}
	if (open)
		closedir(open);
	return found;
}

/* By a process that we may look at. */
static bool is_used(const char *path)
{
	char real[PATH_MAX], folder[300];
	DIR *processes = realpath(path, real) ? opendir("/proc") : NULL;
	struct dirent *entry;
	bool found = false;
	while (processes && !found && (entry = readdir(processes))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		snprintf(folder, sizeof folder, "/proc/%s/fd", entry->d_name);
		found = holds(folder, real);
	}
	if (processes)
		closedir(processes);
	return found;
}

static bool is_configured(const struct config *config, const char *path)
{
	for (size_t i = 0; config && i < config->n_devices; i++)
		if (config->devices[i].address.kind == LINK_SERIAL &&
		    strcmp(config->devices[i].address.place, path) == 0)
			return true;
	return false;
}

void survey_ports(struct survey_ports *out, const struct config *config)
{
	static const char *const patterns[] = {"/dev/serial/by-id/*", "/dev/ttyUSB*", "/dev/ttyACM*"};
	const char *given = getenv("THERAPY_SERIAL_PORTS"); /* a pattern; for tests, and for who has ports elsewhere */
	glob_t found = {0};
	bool by_id = false;
	out->n = 0;
	if (given)
		(void)glob(given, 0, NULL, &found);
	/* those of by-id name the adapter itself: the others are the same ones again */
	for (size_t i = 0; !given && i < sizeof patterns / sizeof *patterns; i++)
		if (i == 0 || !by_id)
			by_id = glob(patterns[i], i ? GLOB_APPEND : 0, NULL, &found) == 0 && i == 0;
	for (size_t i = 0; i < found.gl_pathc && out->n < SURVEY_PORTS_MAX; i++)
		if (!is_configured(config, found.gl_pathv[i]) &&
		    str_copy(out->path[out->n], PATH_MAX, found.gl_pathv[i]))
			out->n++;
	globfree(&found);
}

enum survey_port survey_listen(struct seen_list *list, const struct programs *programs, const char *path)
{
	char link[PATH_MAX + 8], *printed = NULL;
	snprintf(link, sizeof link, "serial:%s", path);
	const char *const argv[] = {programs->plugin, "probe", link, "--listen-only", NULL};
	if (is_radio(path) || is_used(path))
		return SURVEY_LEFT;
	int status = programs_run(argv, &printed);
	bool found = !stop_asked() && status == 0 && seen_add_probed(list, link, printed);
	free(printed);
	return found ? SURVEY_FOUND : SURVEY_SILENT;
}

static bool installed(const struct places *places, const struct seen *s)
{
	char path[1024];
	bool generic = strcmp(s->plugin, "generic") == 0;
	struct str text;
	str_init(&text, path, sizeof path);
	str_add(&text, "%s/%s.%s", generic ? places->definitions : places->plugins, generic ? s->model : s->plugin,
		generic ? "cfg" : "so");
	return !text.overflow && access(path, R_OK) == 0;
}

static void mark(struct seen *s, const struct config *config, const struct places *places)
{
	for (size_t i = 0; config && i < config->n_devices; i++)
		if (strcmp(config->devices[i].link, s->link) == 0) {
			s->configured = true;
			(void)str_copy(s->id, sizeof s->id, config->devices[i].id);
		}
	if (s->why_not[0] || s->configured)
		return;
	if (!installed(places, s))
		snprintf(s->why_not, sizeof s->why_not, "its plugin or definition (%.40s) is not installed", s->model);
	else if (strcmp(s->model, "hx711") == 0 && !s->options[0])
		snprintf(s->why_not, sizeof s->why_not, "its unit has to be told, by hand: docs/esphome.md");
}

void survey_rows(struct seen_list *list, const struct found_list *found, const struct config *config,
		 const struct places *places)
{
	for (size_t i = 0; i < found->n; i++)
		seen_add_found(list, &found->at[i]);
	seen_sort(list);
	for (size_t i = 0; i < list->n; i++)
		mark(&list->at[i], config, places);
}

bool survey_has_heat(const struct seen_list *list, const struct config *config)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].chosen && list->at[i].role == SEEN_PLUG && !list->at[i].cold)
			return true;
	for (size_t i = 0; config && i < config->n_devices; i++) {
		const struct config_device *d = &config->devices[i];
		if ((d->plugin && strcmp(d->plugin, "heat_pad") == 0) ||
		    (d->definition && strcmp(d->definition->kind, "heat") == 0))
			return true;
	}
	return false;
}
