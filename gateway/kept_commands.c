/* SPDX-License-Identifier: Apache-2.0 */
#include "kept_commands.h"

#include <string.h>

#include "base/str.h"
#include "tell/tell.h"

static void plain(char *out, size_t cap, const char *text)
{
	struct str s;
	str_init(&s, out, cap);
	str_add_printable(&s, text ? text : "", text ? strlen(text) : 0, cap - sizeof "...");
}

static struct kept_command *find(struct kept_commands *commands, uint32_t channel, bool free)
{
	for (size_t i = 0; i < KEPT_COMMANDS; i++) {
		struct kept_command *c = &commands->items[i];
		if (free ? !c->payload[0] : c->payload[0] && c->channel == channel)
			return c;
	}
	return NULL;
}

/* Topic and payload come from elsewhere and may be long: then the sentence is shorter, and they are cut. */
static void explain_kept(const struct kept_command *c, bool clears, enum language language, char why[CORE_WHY_MAX])
{
	struct str s;
	str_init(&s, why, CORE_WHY_MAX);
	str_add(&s, language_say(language, "the broker keeps '%s' for %s: the device obeys it whenever it connects. "),
		c->payload, c->topic);
	if (clears)
		str_add(&s, "%s", language_say(language, "It is cleared now (clear_retained_commands)"));
	else
		str_add(&s,
			language_say(language, "Clear it with mosquitto_pub -r -n -t '%s', or set "
					       "clear_retained_commands = true for this device"),
			c->topic);
	if (!s.overflow)
		return;
	str_init(&s, why, CORE_WHY_MAX);
	str_add(
	    &s,
	    language_say(language, "the broker keeps '%.40s' for %.80s: the device obeys it whenever it connects. "),
	    c->payload, c->topic);
	str_add_cut(&s, clears ? language_say(language, "It is cleared now")
			       : language_say(language, "Clear it, or set clear_retained_commands = true"));
}

static void explain_gone(const struct kept_command *c, bool cleared, enum language language, char why[CORE_WHY_MAX])
{
	struct str s;
	str_init(&s, why, CORE_WHY_MAX);
	if (cleared)
		str_add(&s,
			language_say(language, "the broker keeps nothing for %.120s any more: '%.40s' was cleared "
					       "(clear_retained_commands)"),
			c->topic, c->payload);
	else
		str_add(&s,
			language_say(language,
				     "the broker keeps nothing for %.120s any more; it was cleared by somebody "
				     "else"),
			c->topic);
}

enum kept_commands_news kept_commands_take(struct kept_commands *commands, const Therapy__V1__KeptCommand *said,
					   bool clears, enum language language, char why[CORE_WHY_MAX])
{
	struct kept_command now = {.channel = said->channel}, *known = find(commands, said->channel, false);
	plain(now.topic, sizeof now.topic, said->topic);
	plain(now.payload, sizeof now.payload, said->payload);
	if (!now.payload[0]) {
		if (!known)
			return KEPT_COMMANDS_SAME;
		explain_gone(known, said->cleared, language, why);
		known->payload[0] = '\0';
		return KEPT_COMMANDS_GONE;
	}
	if (known && strcmp(known->payload, now.payload) == 0)
		return KEPT_COMMANDS_SAME;
	if (!known)
		known = find(commands, said->channel, true);
	if (known)
		*known = now;
	explain_kept(&now, clears, language, why);
	return KEPT_COMMANDS_KEPT;
}

struct json_object *kept_commands_json(const struct kept_commands *commands)
{
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < KEPT_COMMANDS; i++) {
		const struct kept_command *c = &commands->items[i];
		if (!c->payload[0])
			continue;
		struct json_object *o = json_object_new_object();
		tell_put(o, "topic", c->topic);
		tell_put(o, "payload", c->payload);
		json_object_array_add(list, o);
	}
	return list;
}
