/* SPDX-License-Identifier: Apache-2.0 */
#include "promise/words.h"

#include <json-c/json.h>
#include <string.h>

#define COLUMNS 80u

/* ---- bounds ---- */

static void cell(FILE *to, uint64_t ms)
{
	if (ms)
		fprintf(to, " %6.1f s", (double)ms / 1000.0);
	else
		fprintf(to, "%9s", "");
}

void words_deadman(FILE *to, const struct words_control *control)
{
	const struct deadman_config *c = &control->config;
	fprintf(to, "%s.%s: ", control->device, control->key);
	if (c->timer_ms)
		fprintf(to, "rests by itself %.1f s after the last renewal.", (double)c->timer_ms / 1000.0);
	else
		fprintf(to, "does NOT rest by itself%s.", control->accepted ? " (accepted in the configuration)" : "");
	if (c->ramp_ms)
		fprintf(to, "\n  A ramp of at most %.0f s follows.", (double)(c->rest_ms + c->ramp_ms) / 1000.0);
	if (c->confirm_ms)
		fprintf(to, "\n  Told to rest and not obeying: alarm and cut-off within %.1f s%s",
			(double)deadman_disobeyed_ms(c) / 1000.0, c->load_ms ? "" : ".");
	if (c->confirm_ms && c->load_ms)
		fprintf(to, ";\n  a load %.0f s after rest, seen twice, is one too.", (double)c->load_ms / 1000.0);
	fprintf(to, "\n  %-29s", c->ramp_ms ? "begins to rest within" : "off within");
	for (int l = 0; l < DEADMAN_LAYERS; l++)
		fprintf(to, " %8s", deadman_layer_key((enum deadman_layer)l));
	fprintf(to, " %8s\n", "bound");
	for (int f = 0; f < DEADMAN_FAULTS; f++) {
		struct deadman_bound b;
		deadman_compute(c, (enum deadman_fault)f, &b);
		fprintf(to, "  %-29s", deadman_fault_text((enum deadman_fault)f));
		for (int l = 0; l < DEADMAN_LAYERS; l++)
			cell(to, b.layer_ms[l]);
		if (b.begins_ms)
			cell(to, b.begins_ms);
		else
			fprintf(to, " %8s", b.affected ? "NONE" : "goes on");
		fputc('\n', to);
	}
}

static struct json_object *number(uint64_t value)
{
	return json_object_new_int64((int64_t)value);
}

static struct json_object *bound_json(const struct deadman_bound *b)
{
	struct json_object *o = json_object_new_object(), *layers = json_object_new_object();
	json_object_object_add(o, "affected", json_object_new_boolean(b->affected));
	json_object_object_add(o, "begins_ms", b->begins_ms ? number(b->begins_ms) : NULL);
	json_object_object_add(o, "rests_ms", b->rests_ms ? number(b->rests_ms) : NULL);
	json_object_object_add(o, "first", b->begins_ms ? json_object_new_string(deadman_layer_key(b->first)) : NULL);
	for (int l = 0; l < DEADMAN_LAYERS; l++)
		if (b->layer_ms[l])
			json_object_object_add(layers, deadman_layer_key((enum deadman_layer)l),
					       number(b->layer_ms[l]));
	json_object_object_add(o, "layers", layers);
	return o;
}

struct json_object *words_deadman_json(const struct words_control *controls, size_t n, const char *device)
{
	struct json_object *root = json_object_new_object();
	for (size_t i = 0; i < n; i++) {
		if (strcmp(controls[i].device, device) != 0)
			continue;
		struct json_object *o = json_object_new_object(), *faults = json_object_new_object();
		uint64_t timer_ms = controls[i].config.timer_ms;
		uint64_t disobeyed_ms = deadman_disobeyed_ms(&controls[i].config), load_ms = controls[i].config.load_ms;
		json_object_object_add(o, "device_timer_ms", timer_ms ? number(timer_ms) : NULL);
		json_object_object_add(o, "disobeyed_ms", disobeyed_ms ? number(disobeyed_ms) : NULL);
		json_object_object_add(o, "load_ms", load_ms ? number(load_ms) : NULL);
		json_object_object_add(o, "accepted_without_timer", json_object_new_boolean(controls[i].accepted));
		for (int f = 0; f < DEADMAN_FAULTS; f++) {
			struct deadman_bound b;
			deadman_compute(&controls[i].config, (enum deadman_fault)f, &b);
			json_object_object_add(faults, deadman_fault_key((enum deadman_fault)f), bound_json(&b));
		}
		json_object_object_add(o, "faults", faults);
		json_object_object_add(root, controls[i].key, o);
	}
	return root;
}

/* ---- hazards ---- */

/* "by: text" in lines of at most COLUMNS, the later ones indented more. */
static void wrapped(FILE *to, const char *by, const char *text)
{
	char all[HAZARDS_TEXT_MAX + 80];
	int indent = 6;
	snprintf(all, sizeof all, "%s: %s", by, text);
	for (const char *at = all; *at;) {
		size_t room = COLUMNS - (size_t)indent, n = strlen(at);
		if (n > room) {
			for (n = room; n > 0 && at[n] != ' ';)
				n--;
			n = n ? n : room; /* a word that is longer than a line */
		}
		fprintf(to, "%*s%.*s\n", indent, "", (int)n, at);
		at += n;
		at += strspn(at, " ");
		indent = 8;
	}
}

void words_hazards(FILE *to, const struct hazards *hazards)
{
	static const char *const words[] = {"covered", "PARTLY", "NOT COVERED", "-"};
	for (unsigned i = 1; i <= HAZARDS_COUNT; i++) {
		const struct hazard *row = &hazards->rows[i];
		fprintf(to, "%3u  %-12s %s%s\n", i, words[row->level], row->title, row->refused ? "  (refused)" : "");
		if (row->n_parts == 0)
			fprintf(to, "      no rule of this configuration names it\n");
		for (size_t p = 0; p < row->n_parts; p++)
			if (row->level == HAZARD_ABSENT || row->parts[p].level != HAZARD_ABSENT)
				wrapped(to, row->parts[p].by, row->parts[p].text);
	}
}

struct json_object *words_hazards_json(const struct hazards *hazards)
{
	struct json_object *list = json_object_new_array();
	for (unsigned i = 1; i <= HAZARDS_COUNT; i++) {
		const struct hazard *row = &hazards->rows[i];
		struct json_object *o = json_object_new_object(), *parts = json_object_new_array();
		json_object_object_add(o, "hazard", json_object_new_int((int)i));
		json_object_object_add(o, "title", json_object_new_string(row->title));
		json_object_object_add(o, "level", json_object_new_string(hazard_level_key(row->level)));
		json_object_object_add(o, "refused", json_object_new_boolean(row->refused));
		for (size_t p = 0; p < row->n_parts; p++) {
			struct json_object *part = json_object_new_object();
			json_object_object_add(part, "by", json_object_new_string(row->parts[p].by));
			json_object_object_add(part, "level",
					       json_object_new_string(hazard_level_key(row->parts[p].level)));
			json_object_object_add(part, "text", json_object_new_string(row->parts[p].text));
			json_object_array_add(parts, part);
		}
		json_object_object_add(o, "by", parts);
		json_object_array_add(list, o);
	}
	return list;
}
