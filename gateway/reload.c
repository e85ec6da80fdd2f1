/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules, limits, conditions and the profile can change while the gateway runs: a new core over the same devices takes
 * the place of the old one. It is told what the old one knew: memory, presence, phases, readings. No grant goes over:
 * what ran is brought to rest by the old core first. Whatever is wrong with the new configuration, the old one stays in
 * force. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "core/explanation.h"
#include "gateway_inside.h"
#include "report.h"
#include "viewing.h"

struct reply {
	void *user;
	void (*line)(void *user, const char *text);
};

static void say(const struct reply *reply, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct reply *reply, const char *format, ...)
{
	char text[2048];
	struct str s;
	va_list args;
	str_init(&s, text, sizeof text);
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	reply->line(reply->user, text);
}

/* ---- what may differ ---- */

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_options(const struct config_device *a, const struct config_device *b)
{
	if (a->n_options != b->n_options)
		return false;
	for (size_t i = 0; i < a->n_options; i++) {
		const struct config_option *x = &a->options[i], *y = &b->options[i];
		if (!same(x->key, y->key) || x->is_word != y->is_word || !same(x->word, y->word) ||
		    x->number < y->number || x->number > y->number)
			return false;
	}
	return true;
}

static bool same_program(const struct config_device *a, const struct config_device *b)
{
	if (!same(a->program, b->program) || a->n_program_args != b->n_program_args)
		return false;
	for (size_t i = 0; i < a->n_program_args; i++)
		if (!same(a->program_args[i], b->program_args[i]))
			return false;
	return true;
}

static bool same_account(const struct config_account *a, const struct config_account *b)
{
	return same(a->username, b->username) && same(a->password, b->password) && same(a->cert_file, b->cert_file) &&
	       same(a->key_file, b->key_file);
}

/* By what would be sent of it. */
static bool same_definition(const Therapy__V1__Definition *a, const Therapy__V1__Definition *b)
{
	if (!a || !b)
		return a == b;
	size_t n = therapy__v1__definition__get_packed_size(a);
	if (n != therapy__v1__definition__get_packed_size(b))
		return false;
	uint8_t *bytes = malloc(2 * n + 1);
	bool same = bytes && therapy__v1__definition__pack(a, bytes) == n &&
		    therapy__v1__definition__pack(b, bytes + n) == n && memcmp(bytes, bytes + n, n) == 0;
	free(bytes);
	return same;
}

static bool same_device(const struct config_device *a, const struct config_device *b)
{
	return same(a->id, b->id) && same(a->name, b->name) && same(a->plugin_path, b->plugin_path) &&
	       same_program(a, b) && same(a->model, b->model) && same(a->link, b->link) &&
	       a->accept_no_device_timer == b->accept_no_device_timer &&
	       a->test_before_session == b->test_before_session && a->heats_when_powered == b->heats_when_powered &&
	       a->clear_retained_commands == b->clear_retained_commands && same(a->cutoff, b->cutoff) &&
	       same(a->process, b->process) && a->has_account == b->has_account &&
	       same_account(&a->account, &b->account) && same_options(a, b) &&
	       same_definition(a->definition, b->definition);
}

static bool same_mqtt(const struct config_mqtt *a, const struct config_mqtt *b)
{
	return a->enabled == b->enabled && same(a->url, b->url) && same_account(&a->account, &b->account) &&
	       same(a->ca_file, b->ca_file) && a->protocol == b->protocol && a->keep_alive_s == b->keep_alive_s &&
	       same(a->discovery_prefix, b->discovery_prefix) && a->queue == b->queue;
}

static bool same_page(const struct config_page *a, const struct config_page *b)
{
	return a->enabled == b->enabled && same(a->address, b->address) && a->port == b->port &&
	       same(a->token, b->token) && same(a->ingress, b->ingress) && a->stop_needs_login == b->stop_needs_login;
}

static bool same_gateway(const struct config *a, const struct config *b)
{
	return same(a->gateway_id, b->gateway_id) && same(a->state_dir, b->state_dir) &&
	       same(a->control_socket, b->control_socket) && a->lease_ms == b->lease_ms && a->renew_ms == b->renew_ms &&
	       a->deadline_ms == b->deadline_ms && a->quiet_ms == b->quiet_ms;
}

static bool needs_restart(const struct gateway *g, const struct config *fresh, const struct reply *reply)
{
	const struct config *old = g->config;
	bool needed = false;
	if (!same_gateway(old, fresh)) {
		say(reply, "%s: a restart is needed: 'gateway' differs in more than its log", fresh->file);
		needed = true;
	}
	if (old->units != fresh->units) { /* a number that somebody is typing now must not be taken for another */
		say(reply, "%s: a restart is needed: 'units' differs", fresh->file);
		needed = true;
	}
	if (!same_mqtt(&old->mqtt, &fresh->mqtt)) {
		say(reply, "%s: a restart is needed: 'mqtt' differs", fresh->file);
		needed = true;
	}
	if (!same_page(&old->page, &fresh->page)) {
		say(reply, "%s: a restart is needed: 'page' differs", fresh->file);
		needed = true;
	}
	bool devices = old->n_devices == fresh->n_devices;
	for (size_t i = 0; devices && i < old->n_devices; i++)
		if (!same_device(&old->devices[i], &fresh->devices[i])) {
			say(reply, "%s:%u: a restart is needed: device '%s' differs", fresh->devices[i].file,
			    fresh->devices[i].line, fresh->devices[i].id);
			needed = true;
		}
	if (!devices)
		say(reply, "%s: a restart is needed: there are %zu devices, and %zu run", fresh->file, fresh->n_devices,
		    old->n_devices);
	return needed || !devices;
}

/* ---- the hand-over ---- */

struct memory_copy {
	struct core_row *rows;
	size_t n, cap;
	bool failed;
};

static void copy_row(void *user, const struct core_row *row)
{
	struct memory_copy *m = user;
	if (m->n == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 32;
		struct core_row *bigger = realloc(m->rows, cap * sizeof *bigger);
		if (!bigger) {
			m->failed = true;
			return;
		}
		m->rows = bigger;
		m->cap = cap;
	}
	double *numbers = malloc((row->n + 1) * sizeof *numbers);
	char *key = strdup(row->key);
	if (!numbers || !key) {
		free(numbers);
		free(key);
		m->failed = true;
		return;
	}
	if (row->n > 0)
		memcpy(numbers, row->numbers, row->n * sizeof *numbers);
	m->rows[m->n++] = (struct core_row){row->kind, key, numbers, row->n};
	/* cppcheck-suppress memleak ; the row has both: free_rows frees them */
}

static void free_rows(struct memory_copy *m)
{
	union {
		const void *in;
		void *out;
	} u;
	for (size_t i = 0; i < m->n; i++) {
		u.in = m->rows[i].key;
		free(u.out);
		u.in = m->rows[i].numbers;
		free(u.out);
	}
	free(m->rows);
}

/* Whatever runs ends under the rules it was granted by. */
static void end_grants(struct gateway *g)
{
	struct core_explanation e;
	for (size_t d = 0; d < g->n_seats; d++)
		for (uint16_t c = 0; core_explain(g->core, (uint16_t)d, c, &e); c++) {
			if (!e.permission.granted && !e.permission.suspended)
				continue;
			struct core_input input = {.type = CORE_IN_REQUEST};
			input.request = (struct core_request){
			    .device = e.device,
			    .control = e.control,
			    .id = "",
			    .by = language_say(g->config->language, "the rules that were read anew"),
			    .age_ms = -1};
			gateway_feed(g, clock_boot_ms(), &input);
		}
}

static void hand_over_device(struct gateway *g, const struct core *old, uint16_t device)
{
	uint64_t now_ms = clock_boot_ms();
	struct core_input input = {.type = CORE_IN_PRESENCE, .device = device, .present = true};
	struct core_explanation e;
	enum therapy_unit unit;
	if (!core_present(old, device))
		return;
	const char *key;
	gateway_feed(g, now_ms, &input);
	for (uint16_t m = 0; (key = core_metric_key(old, device, m, &unit)); m++) {
		struct core_reading reading = core_value(old, device, m);
		if (reading.quality == THERAPY_UNKNOWN)
			continue;
		/* What the person's profile said is the new profile's to say, or to withdraw. */
		if (device >= g->n_seats && strcmp(key, "present") != 0)
			continue;
		input = (struct core_input){.type = CORE_IN_READINGS, .device = device, .readings = {&reading, 1}};
		gateway_feed(g, now_ms, &input);
	}
	for (uint16_t c = 0; core_explain(old, device, c, &e); c++) {
		input = (struct core_input){
		    .type = CORE_IN_CONTROL, .device = device, .control = c, .state = {.phase = e.permission.phase}};
		gateway_feed(g, now_ms, &input);
	}
}

static void take_over(struct gateway *g, struct config *fresh, struct core *core, struct promises *promises)
{
	struct core *old = g->core;
	g->core = core;
	memory_keeper_core(g->memory, core);
	if (g->started_with)
		config_free(g->config);
	else
		g->started_with = g->config;
	g->config = fresh;
	desk_reconfigured(g->desk, fresh);
	logbook_reconfigured(g->logbook); /* whose profile and figures hold, before anything is known */
	for (size_t d = 0; d < core_n_devices(old); d++)
		hand_over_device(g, old, (uint16_t)d);
	gateway_feed_person(g, clock_boot_ms());
	if (g->outlet)
		outlet_facts(g->outlet, promises->hazards_json, (const char *const *)promises->deadman_json,
			     g->config->profile.presence_ms > 0, fresh->language);
	promises_free(g->promises);
	g->promises = promises;
	viewing_reconfigured(g);
	log_set_level(fresh->log_level);
	core_free(old);
}

static bool replace(struct gateway *g, struct config *fresh, struct core *core, const struct reply *reply)
{
	struct memory_copy memory = {0};
	struct promises *promises = promises_new(fresh, g->descriptions, core);
	end_grants(g);
	core_remember(g->core, &memory, copy_row);
	bool ok = promises && !memory.failed;
	if (ok) {
		const struct core_recall recall = {
		    .state = CORE_RECALL_KEPT, .rows = memory.rows, .n = memory.n, .off_known = true};
		core_recall(core, &recall);
		core_go_on_from(core, g->core);
		take_over(g, fresh, core, promises);
	} else {
		say(reply, "out of memory");
		promises_free(promises);
	}
	free_rows(&memory);
	return ok;
}

static void tell_faults(const struct faults *faults, const struct reply *reply)
{
	for (size_t i = 0; i < faults->n; i++) {
		const struct fault *f = &faults->items[i];
		if (f->file && f->line)
			say(reply, "%s:%u: %s", f->file, f->line, f->text);
		else
			say(reply, "%s%s%s", f->file ? f->file : "", f->file ? ": " : "", f->text);
	}
}

bool reload_now(struct gateway *g, void *user, void (*line)(void *user, const char *text))
{
	const struct reply reply = {user, line};
	struct config_places places;
	struct config *fresh = NULL;
	struct core *core = NULL;
	struct faults faults = {0};
	setup_places(&places);
	bool ok = config_load(g->path, &places, &fresh, &faults) == 0 && !needs_restart(g, fresh, &reply) &&
		  gateway_compile(g, fresh, &core, &faults) == 0;
	tell_faults(&faults, &reply);
	faults_release(&faults);
	ok = ok && replace(g, fresh, core, &reply);
	if (!ok) {
		core_free(core);
		config_free(fresh);
		log_error("config", "the new configuration was refused: the old one stays in force");
		return false;
	}
	report_coverage(g->config, g->core);
	log_info("config", "read anew: %zu rule%s; everything was brought to rest", g->config->n_rules,
		 g->config->n_rules == 1 ? "" : "s");
	return true;
}
