/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/diagnostics.h"

#include "mqtt/keys.h"
#include "tell/tell.h"

/* Whatever should have been a message and was none, or did not come. */
static uint64_t link_errors(const Therapy__V1__DeviceCounters *c)
{
	return c->refused_length + c->refused_checksum + c->refused_type + c->refused_format + c->refused_value +
	       c->frames_lost + c->polls_unanswered + c->link_dropped + c->link_refused;
}

char *diagnostics_payload(const Therapy__V1__DeviceCounters *counters)
{
	struct json_object *o = json_object_new_object();
	if (!o)
		return NULL;
	tell_put_count(o, KEYS_LINK_ERRORS, link_errors(counters));
	tell_put_count(o, KEYS_LINK_UPS, counters->link_ups);
	tell_put_count(o, KEYS_RESPAWNS, counters->process_respawns);
	return tell_text(o);
}
