/* SPDX-License-Identifier: Apache-2.0 */
#include "begin/proposal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/str.h"
#include "begin/home_edit.h"
#include "begin/stop.h"
#include "therapyctl/fields.h"

static char *sentence(const char *before, const char *text, const char *behind)
{
	char *out = NULL;
	if (asprintf(&out, "%s%s%s\n", before, text, behind) < 0)
		return NULL;
	return out;
}

/* What a person can write by hand where it cannot be done here. */
static char *by_hand(const struct home_answers *answers, const struct seen_list *seen, const char *why)
{
	char *whole = home_file_new(answers, seen), *out = NULL;
	const char *devices = whole && seen_chosen(seen) > 0 ? strstr(whole, "devices = (") : NULL;
	out = sentence("It cannot be changed from here: ", why,
		       devices ? "\nThese are the devices' lines, to be written by hand:" : "");
	if (devices && out) {
		char *both = sentence(out, devices, "");
		free(out);
		out = both;
	}
	free(whole);
	return out;
}

static bool checked(struct proposal *p, const struct files *files, const struct programs *programs, char **why)
{
	const char *const argv[] = {programs->gateway, "check", "-c", files->fresh, "--json", NULL};
	char *printed = NULL;
	int status = programs_run(argv, &printed);
	const char *json = printed ? strstr(printed, "{\"deadman\"") : NULL;
	if (status == 0 && json)
		p->check = json_tokener_parse(json);
	if (!p->check && !stop_asked())
		*why = sentence("The check refuses what would be written:\n",
				printed && printed[0] ? printed : "it could not be run", "");
	free(printed);
	return p->check != NULL;
}

bool proposal_token(char out[PROPOSAL_TOKEN], char *why, size_t why_size)
{
	uint8_t bytes[(PROPOSAL_TOKEN - 1) / 2];
	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
		snprintf(why, why_size, "no random bytes: %s", strerror(errno));
		return false;
	}
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

static bool keep_token(const char *given, struct files *files, char name[64], char *why, size_t why_size)
{
	char token[PROPOSAL_TOKEN];
	return (given[0] ? str_copy(token, sizeof token, given) : proposal_token(token, why, why_size)) &&
	       files_secret(files, FILES_TOKEN, token, name, why, why_size);
}

bool proposal_make(struct proposal *p, const struct proposal_order *order, struct home_answers *answers,
		   struct files *files, const struct programs *programs, char **why)
{
	char text[PATH_MAX + 256] = "no memory";
	*p = (struct proposal){0};
	*why = NULL;
	if (order->password[0] && (!order->old || order->change.broker) &&
	    !files_secret(files, FILES_PASSWORD, order->password, p->password_file, text, sizeof text)) {
		*why = sentence("The password cannot be kept: ", text, "");
		return false;
	}
	if (order->wants_token && !keep_token(order->token, files, p->token_file, text, sizeof text)) {
		*why = sentence("The page's token cannot be kept: ", text, "");
		return false;
	}
	answers->password_file = p->password_file;
	answers->token_file = p->token_file;
	p->text = order->old ? home_file_change(order->old, &order->change, answers, order->seen, text, sizeof text)
			     : home_file_new(answers, order->seen);
	if (!p->text) {
		*why = by_hand(answers, order->seen, text);
		return false;
	}
	if (order->old)
		p->difference = home_edit_difference(order->old, p->text);
	if (!files_write(files, p->text, text, sizeof text)) {
		*why = sentence("The configuration cannot be written: ", text, "");
		return false;
	}
	return checked(p, files, programs, why);
}

void proposal_release(struct proposal *p)
{
	free(p->text);
	free(p->difference);
	json_object_put(p->check);
	*p = (struct proposal){0};
}

bool proposal_switches(const struct proposal *p, const char *id)
{
	return field(field(p->check, "deadman"), id) != NULL;
}

/* `told`: one of the settings is the timer. */
static void tell_timers(FILE *to, struct json_object *controls, bool told)
{
	json_object_object_foreach(controls, key, said)
	{
		double ms = field_number(said, "device_timer_ms");
		if (ms <= 0)
			fprintf(to, "NO timer of its own for %s: what is on stays on when everything else dies\n", key);
		else if (!told)
			fprintf(to, "its own timer: off by itself %.0f s after %s is no longer renewed\n", ms / 1000,
				key);
	}
}

char *proposal_changes(const struct proposal *p, const char *id)
{
	struct json_object *controls = field(field(p->check, "deadman"), id);
	struct json_object *settings = field_list(field(p->check, "settings"), id);
	size_t n = json_object_array_length(settings), size = 0;
	char *out = NULL;
	FILE *to = controls || n > 0 ? open_memstream(&out, &size) : NULL;
	if (!to)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct json_object *s = json_object_array_get_idx(settings, i);
		fprintf(to, "%s = %s: %s\n", field_text(s, "name"), field_text(s, "wanted"), field_text(s, "because"));
	}
	if (controls)
		tell_timers(to, controls, n > 0);
	if (fclose(to) == 0)
		return out;
	free(out);
	return NULL;
}
