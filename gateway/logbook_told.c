/* SPDX-License-Identifier: Apache-2.0
 * What leaves for the broker, and what comes from it: finished sessions, one message each until it is delivered; what
 * people act on now; and what Home Assistant asks. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "logbook_inside.h"
#include "tell/session.h"
#include "tell/tell.h"

void logbook_send(struct logbook *c, const struct session_record *record)
{
	Therapy__V1__SessionRecord m = tell_session_message(record, c->g->config->gateway_id);
	size_t size = therapy__v1__session_record__get_packed_size(&m);
	uint8_t *bytes = malloc(size);
	if (!bytes || !c->g->outlet) {
		free(bytes);
		return;
	}
	therapy__v1__session_record__pack(&m, bytes);
	struct logbook_parcel *p = &c->parcels[c->number % LOGBOOK_MESSAGES]; /* the oldest */
	if (p->number && !c->lost_told)
		log_warn("sessions", "more sessions wait for the broker than there is room for: the oldest are in the "
				     "history alone");
	c->lost_told = p->number != 0; /* once, until there was room again */
	free(p->bytes);
	*p = (struct logbook_parcel){++c->number, record->person, bytes, size};
	outlet_sessions(c->g->outlet);
}

void logbook_unsend(struct logbook *c, int64_t person)
{
	for (size_t i = 0; i < LOGBOOK_MESSAGES; i++)
		if (c->parcels[i].number && c->parcels[i].person == person)
			logbook_delivered(c, c->parcels[i].number);
	if (c->g->outlet)
		outlet_sessions_forget(c->g->outlet);
}

void logbook_happened(struct logbook *c, const char *type, const char *text, const char *why)
{
	const struct household_person *person = household_active(c->household);
	struct json_object *o = json_object_new_object();
	tell_put(o, "event_type", type);
	tell_put(o, "person", person ? person->name : "");
	tell_put(o, "text", text);
	tell_put(o, "why", why);
	char *told = tell_text(o);
	if (told && c->g->outlet)
		outlet_course_happened(c->g->outlet, told);
	free(told);
}

/* "7", and "7.0" as Home Assistant's number sends it. Less than 0: no score. */
static int score_of(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0");
	return digits < 1 || digits > 2 || *rest ? -1 : (int)strtol(text, NULL, 10);
}

const char *logbook_asked(struct logbook *c, const char *what, const char *value)
{
	const char *refused = NULL;
	if (!c || c->ended)
		return "the gateway is ending";
	if (strcmp(what, "pain_before") == 0 || strcmp(what, "pain_after") == 0)
		refused = logbook_pain(c, strcmp(what, "pain_before") == 0, score_of(value));
	else if (strcmp(what, "note") == 0)
		refused = logbook_note_text(c, value);
	else if (strcmp(what, "log") == 0)
		refused = logbook_activity(c, value, 0, "");
	else if (strcmp(what, "plan") == 0)
		refused = logbook_plan_order(c, value, NULL);
	else if (strcmp(what, "person") == 0)
		/* no name as somebody wrote it: the reason may get into a log */
		refused = household_choose(c->household, value, c->refused)          ? NULL
			  : value[0] == '\0' || household_named(c->household, value) ? c->refused
										     : "there is nobody of that name";
	else
		refused = "there is no such request";
	logbook_changed(c); /* whoever asked is shown what is, refused or not */
	return refused;
}

const char *logbook_trouble(const struct logbook *c)
{
	return c && c->trouble[0] ? c->trouble : NULL;
}

char *logbook_text(struct logbook *c)
{
	return c && !c->ended ? tell_text(logbook_tell(c)) : NULL;
}

bool logbook_message(struct logbook *c, uint64_t after, struct logbook_message *out)
{
	const struct logbook_parcel *best = NULL;
	for (size_t i = 0; c && i < LOGBOOK_MESSAGES; i++) {
		const struct logbook_parcel *p = &c->parcels[i];
		if (p->number > after && (!best || p->number < best->number))
			best = p;
	}
	if (best)
		*out = (struct logbook_message){best->number, best->bytes, best->size};
	return best != NULL;
}

void logbook_delivered(struct logbook *c, uint64_t number)
{
	for (size_t i = 0; c && i < LOGBOOK_MESSAGES; i++)
		if (c->parcels[i].number == number) {
			free(c->parcels[i].bytes);
			c->parcels[i] = (struct logbook_parcel){0};
		}
}
