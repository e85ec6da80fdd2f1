/* SPDX-License-Identifier: Apache-2.0
 * The one way in for requests. Asking for rest (0) or a stop is always obeyed, however late, repeated, or kept by a
 * broker: only a message that does not say what it asks for is not. Anything else has to pass every check, and the
 * first that fails is the reason. */
#include "core/gate.h"

#include "base/words.h"

int gate_conclude(struct decision *d, enum core_outcome outcome, const char *format, ...)
{
	d->outcome = outcome;
	va_list args;
	va_start(args, format);
	explain_sayv(d->why, format, args);
	va_end(args);
	return -1;
}

const char *gate_shown(const char *text, char buffer[44])
{
	size_t n = 0;
	for (; n < 40 && text[n]; n++)
		buffer[n] = (char)((unsigned char)text[n] < ' ' || (unsigned char)text[n] >= 0x7f ? '?' : text[n]);
	memcpy(buffer + n, text[n] ? "..." : "", text[n] ? 4 : 1);
	return buffer;
}

const char *gate_value(const struct core *core, uint32_t control, double value, char buffer[44])
{
	size_t size;
	const char *word = words_of(core->home.controls[control].words, value, &size);
	char amount[EXPLAIN_AMOUNT_MAX];
	struct str s;
	str_init(&s, buffer, 44);
	if (word)
		str_add(&s, "%.*s", (int)size, word);
	else
		str_add_cut(&s, explain_amount(core, value, core->home.controls[control].unit,
					       core->units == UNIT_METRIC ? 6 : 2, amount));
	return buffer;
}

/* To go to rest is always allowed, however late; whatever else is asked has to be fresh. */
static bool asks_rest(const struct core_request *request)
{
	return request->verb == CORE_STOP || (request->verb == CORE_SET && request->value == 0);
}

static int check_flaw(const struct core *core, struct decision *d, const struct core_request *request)
{
	char text[44];
	switch (request->flaw) {
	case CORE_FLAW_NONE:
		break;
	case CORE_FLAW_TOO_LARGE:
		return gate_conclude(d, CORE_TOO_LARGE,
				     SAY(core, "the message is too large: at most 4096 bytes are read"));
	case CORE_FLAW_MALFORMED:
		if (request->flaw_text)
			return gate_conclude(d, CORE_MALFORMED, SAY(core, "the message is not understood: %.200s"),
					     request->flaw_text);
		return gate_conclude(d, CORE_MALFORMED, SAY(core, "the message is not understood"));
	case CORE_FLAW_RETAINED:
		if (asks_rest(request)) /* whether it is live or an old one cannot be told */
			break;
		return gate_conclude(
		    d, CORE_RETAINED,
		    SAY(core, "the message was kept by the broker (retained), so nobody asks now: send it without the "
			      "retain flag"));
	case CORE_FLAW_UNTIMELY:
		if (asks_rest(request))
			break;
		return gate_conclude(
		    d, CORE_LATE,
		    SAY(core,
			"the connection has not proved itself timely, and the message does not say when it was sent"));
	}
	if (strlen(request->id) >= CORE_REQUEST_ID_MAX)
		return gate_conclude(d, CORE_MALFORMED,
				     SAY(core, "the request's id '%s' is too long: at most %d characters"),
				     gate_shown(request->id, text), CORE_REQUEST_ID_MAX - 1);
	return 0;
}

static uint64_t hash_of(const char *id) /* FNV-1a */
{
	uint64_t hash = 0xcbf29ce484222325u;
	for (; *id; id++)
		hash = (hash ^ (unsigned char)*id) * 0x100000001b3u;
	return hash;
}

/* Remembers the id, and looks whether it is new. -1 with a reason: it is not, or the memory is full of ids that are. */
static int check_duplicate(struct core *core, struct decision *d, const struct core_request *request)
{
	if (request->id[0] == '\0' || strlen(request->id) >= CORE_REQUEST_ID_MAX)
		return 0;
	uint64_t hash = hash_of(request->id);
	struct remembered *free_slot = NULL;
	for (size_t i = 0; i < REMEMBERED_REQUESTS; i++) {
		struct remembered *r = &core->remembered[i];
		bool young = r->used && core->now_ms - r->at_ms < DUPLICATE_MS;
		if (young && r->hash == hash && strcmp(r->id, request->id) == 0) {
			uint64_t age = core->now_ms - r->at_ms;
			r->at_ms = core->now_ms;
			if (asks_rest(request)) /* an automation that calls its every stop "stop" */
				return 0;
			return gate_conclude(
			    d, CORE_DUPLICATE,
			    SAY(core, "a request with this id came %.1f s ago: each needs its own for 60 s"),
			    (double)age / 1e3);
		}
		if (!young && !free_slot)
			free_slot = r;
	}
	if (!free_slot && asks_rest(request))
		return 0;
	if (!free_slot)
		return gate_conclude(
		    d, CORE_NOT_PERMITTED,
		    SAY(core, "more than %u requests in 60 s: whether this one is a duplicate cannot be told any more"),
		    REMEMBERED_REQUESTS);
	*free_slot = (struct remembered){.hash = hash, .at_ms = core->now_ms, .used = true};
	str_copy(free_slot->id, sizeof free_slot->id, request->id);
	return 0;
}

int gate_find_device(const struct core *core, struct decision *d, const struct core_request *request)
{
	char text[44];
	d->device = home_find_device(&core->home, request->device, strlen(request->device));
	if (d->device == HOME_NONE)
		return gate_conclude(d, CORE_UNKNOWN_CONTROL, SAY(core, "there is no device '%s'"),
				     gate_shown(request->device, text));
	return 0;
}

int gate_find_control(const struct core *core, struct decision *d, const struct core_request *request)
{
	char text[44];
	if (gate_find_device(core, d, request))
		return -1;
	d->control = home_find_control(&core->home, d->device, request->control, strlen(request->control));
	if (d->control == HOME_NONE)
		return gate_conclude(d, CORE_UNKNOWN_CONTROL, SAY(core, "%s has no control '%s'"),
				     core->home.devices[d->device].id, gate_shown(request->control, text));
	return 0;
}

static int refuse_choice(const struct core *core, struct decision *d, const struct home_control *c, double value)
{
	char list[128];
	struct str s;
	str_init(&s, list, sizeof list);
	words_list(&s, c->words);
	return gate_conclude(d, CORE_OUT_OF_RANGE, SAY(core, "%g is none of what %s.%s takes: %s, or 0 to %g"), value,
			     control_device(core, d->control), c->key, list, c->max);
}

/* A difference, so that the unit's own zero does not count. */
static const char *step_shown(const struct core *core, const struct home_control *c, char buffer[44])
{
	struct unit_view view = unit_view(core->units, c->unit);
	struct str s;
	str_init(&s, buffer, 44);
	str_add_number(&s, c->step / view.scale, core->units == UNIT_METRIC ? 6 : 2);
	str_add(&s, "%s%s", view.text[0] ? " " : "", view.text);
	return buffer;
}

static int refuse_range(const struct core *core, struct decision *d, double value, bool between)
{
	const struct home_control *c = &core->home.controls[d->control];
	const char *device = control_device(core, d->control);
	char asked[44], min[44], max[44], step[44];
	gate_value(core, d->control, value, asked);
	gate_value(core, d->control, c->min, min);
	gate_value(core, d->control, c->max, max);
	if (between)
		return gate_conclude(d, CORE_OUT_OF_RANGE,
				     SAY(core, "%s is between two steps: %s.%s goes from %s to %s in steps of %s"),
				     asked, device, c->key, min, max, step_shown(core, c, step));
	return gate_conclude(d, CORE_OUT_OF_RANGE, SAY(core, "%s is out of range: %s.%s takes 0 (rest) and %s to %s"),
			     asked, device, c->key, min, max);
}

/* To the nearest step from min; a millionth of a step off is a rounding of the asker's. */
static int check_range(const struct core *core, struct decision *d, bool converted, double *value)
{
	const struct home_control *c = &core->home.controls[d->control];
	const char *device = control_device(core, d->control);
	if (!isfinite(*value))
		return gate_conclude(d, CORE_OUT_OF_RANGE, SAY(core, "a number was expected for %s.%s"), device,
				     c->key);
	if (c->words && (*value < c->min || *value > c->max || *value != floor(*value)))
		return refuse_choice(core, d, c, *value);
	if (*value < c->min || *value > c->max)
		return refuse_range(core, d, *value, false);
	if (!(c->step > 0))
		return 0;
	double steps = (*value - c->min) / c->step, whole = round(steps);
	if (converted && fabs(steps - whole) > 1e-6)
		steps = whole = floor(steps);
	if (fabs(steps - whole) > 1e-6)
		return refuse_range(core, d, *value, true);
	*value = fmin(c->min + whole * c->step, c->max);
	return 0;
}

static void end_event(struct core *core, uint32_t control, const char *by)
{
	char why[CORE_WHY_MAX], text[44];
	explain_say(why, SAY(core, "%s.%s was ended by %s"), control_device(core, control), control_key(core, control),
		    gate_shown(by, text));
	out_event(core, CORE_EVENT_ENDED, control, NONE, NULL, CORE_PRIORITY_LOW, why);
}

static void obey_rest(struct core *core, struct decision *d, const struct core_request *request)
{
	uint32_t control = d->control;
	bool granted = core->switches[control].granted, suspended = core->controls[control].suspended;
	grant_end(core, control, REACT_REST);
	if (!granted)
		grant_rest(core, control, REACT_REST); /* whoever energised it */
	if (granted || suspended)
		end_event(core, control, request->by);
	bool late = request->flaw == CORE_FLAW_UNTIMELY || request->age_ms > CORE_LATE_MS;
	if (core->let_go) {
		gate_conclude(
		    d, CORE_DEVICE_NOT_READY,
		    SAY(core, "the gateway ends and has let go of the devices: %s.%s comes to rest by itself"),
		    control_device(core, control), control_key(core, control));
		return;
	}
	gate_conclude(
	    d, CORE_ACCEPTED,
	    late ? SAY(core, "%s.%s is told to rest; rest is always allowed, though this request may be an old one")
		 : SAY(core, "%s.%s is told to rest"),
	    control_device(core, control), control_key(core, control));
}

void gate_grant(struct core *core, struct decision *d, double value)
{
	const char *device = control_device(core, d->control), *key = control_key(core, d->control);
	char said[44];
	grant_start(core, d->control, value, GRANT_ASKED);
	gate_conclude(d, CORE_ACCEPTED,
		      core->controls[d->control].held
			  ? SAY(core, "%s.%s is granted at %s, as soon as the memory is written")
			  : SAY(core, "%s.%s is granted at %s"),
		      device, key, gate_value(core, d->control, value, said));
	out_event(core, CORE_EVENT_GRANTED, d->control, NONE, NULL, CORE_PRIORITY_LOW, d->why);
}

/* The first that forbids is the reason; a person who has to reset something hears that before anything else. */
int gate_check_ready(const struct core *core, struct decision *d, double value)
{
	if (latch_forbids(core, d->control, d->why) || memory_refuses(core, d->why)) {
		d->outcome = CORE_NOT_PERMITTED;
		return -1;
	}
	if (explain_not_ready(core, d->control, d->why)) {
		d->outcome = CORE_DEVICE_NOT_READY;
		return -1;
	}
	d->outcome = CORE_NOT_PERMITTED;
	uint32_t cap = figure_forbidding(core, d->control, value);
	if (cap != NONE) {
		figure_describe(core, d->control, cap, value, d->why);
		return -1;
	}
	return 0;
}

int gate_check_rules(const struct core *core, struct decision *d)
{
	const struct control *c = &core->controls[d->control];
	bool granted = core->switches[d->control].granted;
	if (granted ? control_governed(core, d->control) && c->n_forbidding == 0 : grant_possible(core, d->control))
		return 0;
	d->outcome = CORE_NOT_PERMITTED;
	d->rule = explain_refusal(core, d->control, &d->cause, d->why);
	return -1;
}

/* Everything that a request for something other than rest has to pass. */
static int check_act(struct core *core, struct decision *d, const struct core_request *request, double *value)
{
	const struct control *c = &core->controls[d->control];
	bool granted = core->switches[d->control].granted;
	char said[44];
	if (check_range(core, d, request->converted, value))
		return -1;
	if (core->home.controls[d->control].only_cuts && !granted) {
		gate_conclude(d, CORE_NOT_PERMITTED,
			      SAY(core, "%s.%s is only switched off from here, for what hangs on it does not begin by "
					"itself when it is powered: switch it on at the plug and at the device"),
			      request->device, request->control);
		return -1;
	}
	if (c->kind == GRANT_TEST && (granted || c->suspended))
		return proof_replace(core, d, *value);
	if (gate_check_ready(core, d, *value))
		return -1;
	if (granted && c->value >= *value && c->value <= *value) {
		gate_conclude(d, CORE_ACCEPTED, SAY(core, "%s.%s goes on at %s as it was"), request->device,
			      request->control, gate_value(core, d->control, *value, said));
		return 0;
	}
	if (gate_check_rules(core, d))
		return -1;
	if (!granted && proof_due(core, d->control))
		proof_begin(core, d, *value);
	else
		gate_grant(core, d, *value);
	return 0;
}

static int set(struct core *core, struct decision *d, const struct core_request *request)
{
	double value = request->value;
	if (gate_find_control(core, d, request))
		return -1;
	if (!asks_rest(request))
		return check_act(core, d, request, &value);
	obey_rest(core, d, request);
	return 0;
}

static int check(const struct core *core, struct decision *d, const struct core_request *request)
{
	double value = request->value;
	char said[44];
	if (gate_find_control(core, d, request) || check_range(core, d, request->converted, &value))
		return -1;
	gate_conclude(d, CORE_ACCEPTED, SAY(core, "%s.%s takes %s; nothing is switched yet"), request->device,
		      request->control, gate_value(core, d->control, value, said));
	return 0;
}

static int obey(struct core *core, struct decision *d, const struct core_request *request)
{
	switch (request->verb) {
	case CORE_SET:
		return set(core, d, request);
	case CORE_STOP:
		return stop_request(core, d, request);
	case CORE_RESET:
		return reset_request(core, d, request);
	case CORE_PARK:
	case CORE_UNPARK:
		return park_request(core, d, request);
	case CORE_OFF_TEST:
		return proof_request(core, d, request);
	case CORE_SILENCE:
		return audio_request(core, d, request);
	case CORE_CONFIRM:
		return confirm_request(core, d, request);
	case CORE_CHECK:
		return check(core, d, request);
	}
	return gate_conclude(d, CORE_MALFORMED, SAY(core, "nothing is known that is asked for like this"));
}

/* 0: obeyed. */
static int decide(struct core *core, struct decision *d, const struct core_request *request)
{
	int flawed = check_flaw(core, d, request);
	if (request->flaw == CORE_FLAW_TOO_LARGE || request->flaw == CORE_FLAW_MALFORMED)
		return -1;
	struct decision other = *d;
	if (flawed) { /* its id counts all the same */
		check_duplicate(core, &other, request);
		return -1;
	}
	if (check_duplicate(core, d, request))
		return -1;
	if (!asks_rest(request) && request->age_ms > CORE_LATE_MS)
		return gate_conclude(
		    d, CORE_LATE, SAY(core, "the request is %.1f s old by its own time stamp: at most 5 s are allowed"),
		    (double)request->age_ms / 1e3);
	return obey(core, d, request);
}

static void answer(struct core *core, const struct decision *d, const struct core_request *request)
{
	struct core_output *out = out_add(core, CORE_OUT_RESULT, d->control);
	if (d->control == NONE && d->device != NONE)
		out->device = (uint16_t)d->device;
	out->outcome = d->outcome;
	out->cause = d->cause;
	if (d->rule != NONE) {
		out->rule = core->rules[d->rule].id;
		out->hazard = core->rules[d->rule].hazard;
		out->priority = core->rules[d->rule].priority;
	}
	if (d->control != NONE && core->switches[d->control].granted)
		out->value = core->controls[d->control].value;
	str_copy(out->request_id, sizeof out->request_id, request->id);
	memcpy(out->why, d->why, sizeof out->why);
}

/* Obeyed, but it will come again. */
static void note_kept(const struct core *core, struct decision *d)
{
	struct str s;
	size_t n = strlen(d->why);
	str_init(&s, d->why + n, sizeof d->why - n);
	str_add(&s, "%s",
		SAY(core, "; the broker keeps this message (retained) and says it again whenever the gateway connects: "
			  "clear it"));
}

void gate_request(struct core *core, const struct core_request *asked)
{
	struct core_request request = *asked;
	request.device = asked->device ? asked->device : "";
	request.control = asked->control ? asked->control : "";
	request.id = asked->id ? asked->id : "";
	request.by = asked->by && asked->by[0] ? asked->by : SAY(core, "a request");
	struct decision d = {.device = NONE, .control = NONE, .rule = NONE, .cause = {.device = CORE_NO_DEVICE}};
	bool refused = decide(core, &d, &request) != 0;
	if (!refused && request.flaw == CORE_FLAW_RETAINED)
		note_kept(core, &d);
	answer(core, &d, &request);
	if (refused && !asks_rest(&request))
		out_event(core, CORE_EVENT_REFUSED, d.control, d.rule, &d.cause,
			  d.rule == NONE ? CORE_PRIORITY_LOW : CORE_PRIORITY_MEDIUM, d.why);
}
