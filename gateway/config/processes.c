/* SPDX-License-Identifier: Apache-2.0
 * `process` of a device's group: who may share a device process with whom. */
#include <stdio.h>
#include <string.h>

#include "config/sections.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Who it is at the broker: its own account, or the gateway's. */
static bool same_account(const struct config_device *a, const struct config_device *b)
{
	if (!a->has_account || !b->has_account)
		return a->has_account == b->has_account;
	return same_text(a->account.username, b->account.username) &&
	       same_text(a->account.password, b->account.password) &&
	       same_text(a->account.cert_file, b->account.cert_file) &&
	       same_text(a->account.key_file, b->account.key_file);
}

static bool on_broker(const struct config_device *d)
{
	return d->link && d->address.kind == LINK_MQTT;
}

static const char *id_of(const struct config_device *d)
{
	return d->id ? d->id : "";
}

/* The first before it that may not be in one process with it, or that has its name; and how many share so far. */
static void check_with_others(struct reader *r, const struct config *config, size_t at)
{
	const struct config_device *d = &config->devices[at], *stranger = NULL;
	size_t n = 1;
	for (size_t i = 0; i < config->n_devices; i++) {
		const struct config_device *other = &config->devices[i];
		if (other->id && strcmp(other->id, d->process) == 0) {
			read_fault(r, d->process_line,
				   "device \"%s\": process: found \"%.48s\", which is a device's id (line %u), "
				   "expected a name of its own",
				   id_of(d), d->process, other->line);
			return;
		}
		if (i >= at || !same_text(other->process, d->process))
			continue;
		n++;
		if (!stranger && on_broker(d) && on_broker(other) && !same_account(d, other))
			stranger = other;
	}
	if (n == CONFIG_SHARE_MAX + 1)
		read_fault(r, d->process_line,
			   "device \"%s\": process: found more than %u devices in \"%.48s\", expected at most so many: "
			   "give the others another process",
			   id_of(d), CONFIG_SHARE_MAX, d->process);
	if (stranger)
		read_fault(
		    r, d->process_line,
		    "device \"%s\": process: found \"%.48s\", in which device \"%s\" (line %u) has another account "
		    "at the broker, expected one account in a process: what is in there can read all of it",
		    id_of(d), d->process, id_of(stranger), stranger->line);
}

void check_processes(struct reader *r, const struct config *config)
{
	for (size_t i = 0; i < config->n_devices; i++) {
		const struct config_device *d = &config->devices[i];
		if (!d->process)
			continue;
		if (d->program)
			read_fault(
			    r, d->process_line,
			    "device \"%s\": process: found beside exec, expected it with a plugin only: the others "
			    "would wait whenever the program does",
			    id_of(d));
		check_with_others(r, config, i);
	}
}
