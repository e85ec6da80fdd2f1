/* SPDX-License-Identifier: Apache-2.0 */
#include "device/plugin_check.h"

#include <stdio.h>

#include "base/words.h"

#define LINKS_BYTES    ((uint32_t)THERAPY_LINK_SERIAL | THERAPY_LINK_TCP)
#define LINKS_MESSAGES ((uint32_t)THERAPY_LINK_MQTT | THERAPY_LINK_BLE)

void plugin_fault(struct plugin_faults *f, const char *format, ...)
{
	char line[512];
	struct str s;
	str_init(&s, line, sizeof line);
	if (f->n++ > 0)
		str_add(&s, "\n");
	str_add(&s, "%s: ", f->where);
	if (f->model)
		str_add(&s, "model \"%s\": ", f->model);
	va_list args;
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	str_add_bytes(f->text, line, s.len);
}

/* What a device's state and its entities in Home Assistant have besides (mqtt/keys.h). */
static const char *const reserved[] = {"connected", "parked", "happened", "link_errors", "link_ups", "respawns"};

/* ... and what each control has there behind its own key. */
static const char *const reserved_tails[] = {"_control", "_permitted", "_why",    "_off_test", "_select",
					     "_climate", "_mode",      "_target", "_action",   "_cut"};

static bool key_valid(const char *key)
{
	if (!key || key[0] == '\0')
		return false;
	return key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static const char *shown(const char *text)
{
	return text ? text : "(none)";
}

static bool filled(const char *text)
{
	return text && text[0] != '\0';
}

/* A key of row `i` of `rows` ("metric"); `first` is the first row's key pointer, `stride` the way to the next. */
static void check_key(struct plugin_faults *f, const char *rows, const void *first, size_t stride, size_t i)
{
	const char *key = *(const char *const *)((const char *)first + i * stride);
	if (!key_valid(key)) {
		plugin_fault(f, "%s %zu has the key \"%s\", expected letters a-z, digits and _", rows, i, shown(key));
		return;
	}
	for (size_t j = 0; j < sizeof reserved / sizeof *reserved; j++)
		if (strcmp(reserved[j], key) == 0)
			plugin_fault(f, "%s %zu has the key \"%s\", which the gateway uses itself: expected another",
				     rows, i, key);
	for (size_t j = 0; j < i; j++) {
		const char *other = *(const char *const *)((const char *)first + j * stride);
		if (other && strcmp(other, key) == 0)
			plugin_fault(f, "%s %zu has the key \"%s\" of %s %zu, expected each key once", rows, i, key,
				     rows, j);
	}
}

static bool range_ok(double min, double max)
{
	return isfinite(min) && isfinite(max) && min <= max;
}

static bool words_valid(const char *words)
{
	if (!filled(words))
		return false;
	size_t n = strlen(words);
	return words[0] != '|' && words[n - 1] != '|' && !strstr(words, "||");
}

/* Rules write them: `is pressed`. Of a word that is there twice nobody could tell which it is. */
static bool check_spelling(struct plugin_faults *f, const char *row, const char *key, const char *words)
{
	if (!words_valid(words) || words[strspn(words, WORDS_LETTERS "|")] != '\0') {
		plugin_fault(f, "%s \"%s\" has the words \"%s\", expected some of a-z, 0-9 and _ with | between them",
			     row, key, words);
		return false;
	}
	for (size_t i = 0, n = words_count(words); i < n; i++) {
		size_t size = 0;
		double first = 0;
		const char *word = words_of(words, (double)i, &size);
		if (word && words_value(words, word, size, &first) && first < (double)i) {
			plugin_fault(f, "%s \"%s\" has the word \"%.*s\" twice, expected each once", row, key,
				     (int)size, word);
			return false;
		}
	}
	return true;
}

static void check_words(struct plugin_faults *f, const struct therapy_metric *r)
{
	const char *key = shown(r->key);
	if (!check_spelling(f, "metric", key, r->words))
		return;
	unsigned n = (unsigned)words_count(r->words);
	bool counts = r->unit == THERAPY_UNIT_BOOL || r->unit == THERAPY_UNIT_ONE;
	if (!counts || r->min != 0.0 || r->max != n - 1.0)
		plugin_fault(
		    f, "metric \"%s\" has %u words for values from %g to %g, expected a bool or a count from 0 to %u",
		    key, n, r->min, r->max, n - 1);
}

static void check_metric(struct plugin_faults *f, const struct therapy_model *m, size_t i)
{
	const struct therapy_metric *r = &m->metrics[i];
	const char *key = shown(r->key);
	check_key(f, "metric", &m->metrics[0].key, sizeof *r, i);
	if (!filled(r->name))
		plugin_fault(f, "metric \"%s\" has no name, expected one for people", key);
	if ((unsigned)r->unit >= THERAPY_UNIT_COUNT_)
		plugin_fault(f, "metric \"%s\" has unit %u, expected one of enum therapy_unit", key, (unsigned)r->unit);
	if (!range_ok(r->min, r->max))
		plugin_fault(f, "metric \"%s\" has the range %g to %g, expected finite numbers, the lower first", key,
			     r->min, r->max);
	if (!isfinite(r->max_rate) || r->max_rate < 0)
		plugin_fault(f, "metric \"%s\" has max_rate %g, expected 0 or more", key, r->max_rate);
	if (!isfinite(r->deadband) || r->deadband < 0)
		plugin_fault(f, "metric \"%s\" has deadband %g, expected 0 or more", key, r->deadband);
	if (r->precision > 9)
		plugin_fault(f, "metric \"%s\" has precision %u, expected 0 to 9 decimals", key, r->precision);
	if (r->interval_ms == 0 && r->stale_ms == 0)
		plugin_fault(f, "metric \"%s\" has neither interval_ms nor stale_ms, expected one of them", key);
	if (r->words)
		check_words(f, r);
	if (r->stops && r->unit != THERAPY_UNIT_BOOL)
		plugin_fault(f, "metric \"%s\" stops but is no bool, expected one: 1 while everything is to rest", key);
	if (r->stale_ms != 0 && r->stale_ms < r->interval_ms)
		plugin_fault(f,
			     "metric \"%s\" is stale after %u ms but comes every %u ms, expected stale_ms to be longer",
			     key, r->stale_ms, r->interval_ms);
}

static void check_verb_is(struct plugin_faults *f, const struct therapy_model *m, uint8_t verb,
			  enum therapy_effect effect, const char *user)
{
	static const char *const names[] = {"QUERY", "STOP", "ACT", "RENEW"};
	if (verb >= m->n_verbs)
		plugin_fault(f, "%s names verb %u, expected one of the %u verbs", user, verb, m->n_verbs);
	else if (m->verbs[verb].effect != effect)
		plugin_fault(f, "%s names verb \"%s\", expected one whose effect is %s", user,
			     shown(m->verbs[verb].key), names[effect]);
}

static void check_sequence(struct plugin_faults *f, const struct therapy_model *m, const struct therapy_control *c,
			   const char *name, const struct therapy_step *steps, uint8_t n)
{
	const char *key = shown(c->key);
	uint64_t total_ms = 0;
	if (n > PLUGIN_STEPS_MAX) {
		plugin_fault(f, "the %s sequence of control \"%s\" has %u steps, expected at most %u", name, key, n,
			     PLUGIN_STEPS_MAX);
		return;
	}
	if (n > 0 && !steps) {
		plugin_fault(f, "the %s sequence of control \"%s\" has %u steps but no rows", name, key, n);
		return;
	}
	for (uint8_t i = 0; i < n; i++) {
		char user[128];
		snprintf(user, sizeof user, "step %u of the %s sequence of control \"%.40s\"", i, name, key);
		check_verb_is(f, m, steps[i].verb, THERAPY_STOP, user);
		if (!isfinite(steps[i].value))
			plugin_fault(f, "%s has the value %g, expected a finite one", user, steps[i].value);
		total_ms += steps[i].delay_ms;
	}
	if (total_ms > PLUGIN_SEQUENCE_MAX_MS)
		plugin_fault(f, "the %s sequence of control \"%s\" takes %llu ms, expected at most %u", name, key,
			     (unsigned long long)total_ms, PLUGIN_SEQUENCE_MAX_MS);
}

static void check_confirm(struct plugin_faults *f, const struct therapy_model *m, const struct therapy_control *c)
{
	const char *key = shown(c->key);
	if (c->confirm >= m->n_metrics) {
		plugin_fault(f, "control \"%s\" is confirmed by metric %u, expected one of the %u metrics", key,
			     c->confirm, m->n_metrics);
		return;
	}
	const struct therapy_metric *r = &m->metrics[c->confirm];
	if (!(c->rest_max >= r->min && c->rest_max < r->max))
		plugin_fault(
		    f, "control \"%s\" is at rest up to %g, expected a number from %g to below %g, the range of \"%s\"",
		    key, c->rest_max, r->min, r->max, shown(r->key));
	if (c->confirm_ms == 0)
		plugin_fault(f, "control \"%s\" has no confirm_ms, expected how soon a reading proves rest", key);
}

static void check_renewal(struct plugin_faults *f, const struct therapy_model *m, const struct therapy_control *c)
{
	const char *key = shown(c->key);
	char user[96];
	if (c->renew == THERAPY_NONE)
		return;
	snprintf(user, sizeof user, "renew of control \"%.40s\"", key);
	check_verb_is(f, m, c->renew, THERAPY_RENEW, user);
	if (c->renew_ms == 0)
		plugin_fault(f, "control \"%s\" has a renew verb but no renew_ms, expected how often to send it", key);
	if (c->device_timer_ms > 0 && c->renew_ms >= c->device_timer_ms)
		plugin_fault(
		    f, "control \"%s\" is renewed every %u ms but its own timer is %u ms, expected to renew sooner",
		    key, c->renew_ms, c->device_timer_ms);
}

static void check_load(struct plugin_faults *f, const struct therapy_model *m, const struct therapy_control *c)
{
	const char *key = shown(c->key);
	if (c->load_ms == 0)
		return;
	if (c->load >= m->n_metrics) {
		plugin_fault(f,
			     "control \"%s\" has metric %u as its second proof of rest, expected one of the %u metrics",
			     key, c->load, m->n_metrics);
		return;
	}
	const struct therapy_metric *r = &m->metrics[c->load];
	if (!(c->load_max >= r->min && c->load_max < r->max))
		plugin_fault(
		    f, "control \"%s\" has load_max %g, expected a number from %g to below %g, the range of \"%s\"",
		    key, c->load_max, r->min, r->max, shown(r->key));
	if (c->load == c->confirm)
		plugin_fault(f, "control \"%s\" has \"%s\" as both proofs of rest, expected two metrics", key,
			     shown(r->key));
}

static void check_test(struct plugin_faults *f, const struct therapy_model *m, const struct therapy_control *c)
{
	char user[96];
	if (c->test_ms == 0)
		return;
	snprintf(user, sizeof user, "test of control \"%.40s\"", shown(c->key));
	check_verb_is(f, m, c->test, THERAPY_ACT, user);
	if (c->device_timer_ms == 0 || c->test_ms > c->device_timer_ms)
		plugin_fault(
		    f, "control \"%s\" is tested with a timer of %u ms, expected one, no longer than its own of %u ms",
		    shown(c->key), c->test_ms, c->device_timer_ms);
}

static void check_members(struct plugin_faults *f, const struct therapy_model *m, const struct therapy_control *c)
{
	size_t n = c->key ? strlen(c->key) : 0;
	for (uint8_t i = 0; n > 0 && i < m->n_metrics; i++)
		for (size_t t = 0; t < sizeof reserved_tails / sizeof *reserved_tails; t++) {
			const char *key = shown(m->metrics[i].key);
			if (strncmp(key, c->key, n) == 0 && strcmp(key + n, reserved_tails[t]) == 0)
				plugin_fault(f,
					     "metric %u has the key \"%s\", which the gateway makes of control \"%s\": "
					     "expected another",
					     i, key, c->key);
		}
}

/* The first word is rest; each other one can be asked for. */
static void check_choices(struct plugin_faults *f, const struct therapy_control *c)
{
	const char *key = shown(c->key);
	if (!c->words || !check_spelling(f, "control", key, c->words))
		return;
	unsigned n = (unsigned)words_count(c->words);
	bool counts = c->type == THERAPY_NUMBER && c->unit == THERAPY_UNIT_ONE && c->min == 1.0 && c->step == 1.0;
	if (n < 2 || !counts || c->max != n - 1.0)
		plugin_fault(
		    f,
		    "control \"%s\" has %u words and can be set from %g to %g in steps of %g, expected two words "
		    "or more of a number without unit from 1 to %u in steps of 1",
		    key, n, c->min, c->max, c->step, n > 1 ? n - 1 : 1);
}

static void check_measures(struct plugin_faults *f, const struct therapy_model *m, const struct therapy_control *c)
{
	if (c->type != THERAPY_NUMBER || c->unit != THERAPY_UNIT_CELSIUS || c->measures == THERAPY_NONE)
		return;
	if (c->measures >= m->n_metrics || m->metrics[c->measures].unit != THERAPY_UNIT_CELSIUS)
		plugin_fault(
		    f, "control \"%s\" is in degC and measures metric %u, expected a metric in degC or THERAPY_NONE",
		    shown(c->key), c->measures);
}

static void check_control(struct plugin_faults *f, const struct therapy_model *m, size_t i)
{
	const struct therapy_control *c = &m->controls[i];
	const char *key = shown(c->key);
	char user[96];
	check_key(f, "control", &m->controls[0].key, sizeof *c, i);
	if (!filled(c->name))
		plugin_fault(f, "control \"%s\" has no name, expected one for people", key);
	if ((unsigned)c->type > THERAPY_NUMBER)
		plugin_fault(f, "control \"%s\" has type %u, expected a switch or a number", key, (unsigned)c->type);
	if ((unsigned)c->unit >= THERAPY_UNIT_COUNT_)
		plugin_fault(f, "control \"%s\" has unit %u, expected one of enum therapy_unit", key,
			     (unsigned)c->unit);
	if (!range_ok(c->min, c->max) || c->max <= 0 || c->min < 0)
		plugin_fault(
		    f, "control \"%s\" can be set from %g to %g, expected finite numbers from 0 up, the lower first",
		    key, c->min, c->max);
	else if (c->type == THERAPY_SWITCH && c->max != 1.0)
		plugin_fault(f, "the switch \"%s\" can be set up to %g, expected 1", key, c->max);
	if (!isfinite(c->step) || c->step < 0)
		plugin_fault(f, "control \"%s\" has the step %g, expected 0 or more", key, c->step);
	snprintf(user, sizeof user, "set of control \"%.40s\"", key);
	check_verb_is(f, m, c->set, THERAPY_ACT, user);
	check_renewal(f, m, c);
	check_confirm(f, m, c);
	check_load(f, m, c);
	check_test(f, m, c);
	check_members(f, m, c);
	check_choices(f, c);
	check_measures(f, m, c);
	if (c->n_rest == 0)
		plugin_fault(f, "control \"%s\" has no rest sequence, expected the way to its safe state", key);
	check_sequence(f, m, c, "rest", c->rest, c->n_rest);
	check_sequence(f, m, c, "stop", c->stop, c->n_stop);
}

static void check_channels(struct plugin_faults *f, const struct therapy_model *m)
{
	if ((m->links & LINKS_MESSAGES) != 0 && m->n_channels == 0)
		plugin_fault(f, "it is reached by messages but has no channels, expected at least one");
	if ((m->links & LINKS_MESSAGES) == 0 && m->n_channels > 0)
		plugin_fault(f, "it has %u channels but no message link, expected none on a byte link", m->n_channels);
	for (uint8_t i = 0; i < m->n_channels; i++) {
		const struct therapy_channel *c = &m->channels[i];
		if (!filled(c->address))
			plugin_fault(f, "channel %u has no address, expected a topic or characteristic", i);
		if (c->direction < THERAPY_IN || c->direction > (THERAPY_IN | THERAPY_OUT))
			plugin_fault(f, "channel %u has direction %u, expected in, out or both", i, c->direction);
	}
	if ((m->links & THERAPY_LINK_MQTT) != 0 && m->n_controls > 1)
		plugin_fault(f,
			     "it has %u controls on MQTT, expected one: a connection has one last will, "
			     "and that must put everything to rest",
			     m->n_controls);
}

static void check_polls(struct plugin_faults *f, const struct therapy_model *m)
{
	for (uint8_t i = 0; i < m->n_polls; i++) {
		const struct therapy_poll *p = &m->polls[i];
		char user[32];
		snprintf(user, sizeof user, "poll %u", i);
		check_verb_is(f, m, p->verb, THERAPY_QUERY, user);
		if (p->every_ms < 10 || (p->energised_ms != 0 && p->energised_ms < 10))
			plugin_fault(f, "poll %u asks every %u ms, energised %u ms, expected 10 ms or more", i,
				     p->every_ms, p->energised_ms);
		if (p->reply_ms > PLUGIN_REPLY_MAX_MS)
			plugin_fault(f, "poll %u waits %u ms for its reply, expected at most %u", i, p->reply_ms,
				     PLUGIN_REPLY_MAX_MS);
	}
	for (uint8_t i = 0; i < m->n_on_connect; i++) {
		uint8_t verb = m->on_connect[i];
		if (verb >= m->n_verbs)
			plugin_fault(f, "on_connect names verb %u, expected one of the %u verbs", verb, m->n_verbs);
		else if (m->verbs[verb].effect == THERAPY_ACT)
			plugin_fault(
			    f, "on_connect names verb \"%s\" whose effect is ACT, expected one that energises nothing",
			    shown(m->verbs[verb].key));
	}
}

static void check_option(struct plugin_faults *f, const struct therapy_model *m, size_t i)
{
	const struct therapy_option *o = &m->options[i];
	const char *key = shown(o->key);
	check_key(f, "option", &m->options[0].key, sizeof *o, i);
	if (!filled(o->help))
		plugin_fault(f, "option \"%s\" has no help, expected one line", key);
	if (o->type == THERAPY_OPTION_NUMBER && !range_ok(o->min, o->max))
		plugin_fault(f, "option \"%s\" takes %g to %g, expected finite numbers, the lower first", key, o->min,
			     o->max);
	else if (o->type == THERAPY_OPTION_WORD && !words_valid(o->words))
		plugin_fault(f, "option \"%s\" takes the words \"%s\", expected words with | between them", key,
			     shown(o->words));
	else if (o->type != THERAPY_OPTION_NUMBER && o->type != THERAPY_OPTION_WORD && o->type != THERAPY_OPTION_CLIENT)
		plugin_fault(f, "option \"%s\" has type %u, expected a number, a word or the client's name", key,
			     (unsigned)o->type);
}

static void check_setting(struct plugin_faults *f, const struct therapy_model *m, size_t i)
{
	const struct therapy_setting *s = &m->settings[i];
	const char *key = shown(s->key);
	bool asks = s->ask < m->n_verbs && m->verbs[s->ask].effect == THERAPY_QUERY;
	bool sets = s->set < m->n_verbs && m->verbs[s->set].effect == THERAPY_RENEW;
	check_key(f, "setting", &m->settings[0].key, sizeof *s, i);
	if (!filled(s->name) || !filled(s->because) || (s->words && !words_valid(s->words)) || !isfinite(s->wanted))
		plugin_fault(f, "setting \"%s\": expected a name, why, a number, and words with | between", key);
	if (!asks || !sets)
		plugin_fault(f, "setting \"%s\" is asked by verb %u and set by verb %u, expected a QUERY and a RENEW",
			     key, s->ask, s->set);
}

static void check_functions(struct plugin_faults *f, const struct therapy_model *m)
{
	if (!m->decode)
		plugin_fault(f, "it has no decode function");
	if (m->init && m->init_row)
		plugin_fault(f, "it has init and init_row, expected one of them");
	if (m->n_verbs > 0 && !m->encode)
		plugin_fault(f, "it has verbs but no encode function");
	if ((m->links & LINKS_BYTES) != 0 && !m->frame)
		plugin_fault(f, "it is reached by a byte link but has no frame function");
	if ((m->links & LINKS_BYTES) == 0 && m->frame)
		plugin_fault(f, "it has a frame function but no byte link, expected NULL on message links");
	if (m->state_size > PLUGIN_STATE_MAX)
		plugin_fault(f, "its state has %zu bytes, expected at most %u", m->state_size, PLUGIN_STATE_MAX);
}

/* Counts without rows would be followed into nothing by every later check. */
static bool rows_present(struct plugin_faults *f, const struct therapy_model *m)
{
	const struct {
		const char *name;
		const void *rows;
		uint8_t n;
	} tables[] = {
	    {"metrics", m->metrics, m->n_metrics},
	    {"verbs", m->verbs, m->n_verbs},
	    {"controls", m->controls, m->n_controls},
	    {"channels", m->channels, m->n_channels},
	    {"polls", m->polls, m->n_polls},
	    {"options", m->options, m->n_options},
	    {"on_connect", m->on_connect, m->n_on_connect},
	    {"settings", m->settings, m->n_settings},
	};
	bool ok = true;
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		if (tables[i].n == 0 || tables[i].rows)
			continue;
		plugin_fault(f, "it counts %u %s but has no rows of them", tables[i].n, tables[i].name);
		ok = false;
	}
	return ok;
}

static void check_model(struct plugin_faults *f, const struct therapy_model *m)
{
	if (!filled(m->name) || !filled(m->manufacturer))
		plugin_fault(f, "it has no name or manufacturer, expected both");
	if (m->links == 0 || (m->links & ~(LINKS_BYTES | LINKS_MESSAGES)) != 0)
		plugin_fault(f, "its links are 0x%x, expected THERAPY_LINK_... bits", m->links);
	check_functions(f, m);
	if (!rows_present(f, m))
		return;
	if (m->n_metrics == 0)
		plugin_fault(f, "it measures nothing, expected at least one metric");
	if (m->n_controls > PLUGIN_CONTROLS_MAX)
		plugin_fault(f, "it has %u controls, expected at most %u", m->n_controls, PLUGIN_CONTROLS_MAX);
	for (uint8_t i = 0; i < m->n_metrics; i++)
		check_metric(f, m, i);
	for (uint8_t i = 0; i < m->n_verbs; i++) {
		check_key(f, "verb", &m->verbs[0].key, sizeof *m->verbs, i);
		if ((unsigned)m->verbs[i].effect > THERAPY_RENEW)
			plugin_fault(f, "verb \"%s\" has effect %u, expected QUERY, STOP, ACT or RENEW",
				     shown(m->verbs[i].key), (unsigned)m->verbs[i].effect);
	}
	for (uint8_t i = 0; i < m->n_controls; i++)
		check_control(f, m, i);
	check_channels(f, m);
	check_polls(f, m);
	for (uint8_t i = 0; i < m->n_options; i++)
		check_option(f, m, i);
	if (m->n_settings > PLUGIN_SETTINGS_MAX)
		plugin_fault(f, "it has %u settings, expected at most %u", m->n_settings, PLUGIN_SETTINGS_MAX);
	for (uint8_t i = 0; i < m->n_settings; i++)
		check_setting(f, m, i);
}

void plugin_check(struct plugin_faults *f, const struct therapy_plugin *plugin)
{
	f->model = NULL;
	if (!key_valid(plugin->key))
		plugin_fault(f, "the plugin has the key \"%s\", expected letters a-z, digits and _",
			     shown(plugin->key));
	if (!key_valid(plugin->kind))
		plugin_fault(f, "the plugin has the kind \"%s\", expected letters a-z, digits and _",
			     shown(plugin->kind));
	if (!filled(plugin->version))
		plugin_fault(f, "the plugin has no version, expected one");
	for (uint8_t i = 0; i < plugin->n_models; i++) {
		f->model = NULL;
		check_key(f, "model", &plugin->models[0].key, sizeof *plugin->models, i);
		f->model = shown(plugin->models[i].key);
		check_model(f, &plugin->models[i]);
	}
}
