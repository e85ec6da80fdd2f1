/* SPDX-License-Identifier: Apache-2.0
 * What the broker keeps for one device, as its device process tells it: once for each appearance, also when that
 * process was started anew, and as words for people. It holds over a reload, so it is not the core's. The caller's
 * memory, all zero at first; on the loop's thread; nothing allocated but JSON. */
#ifndef KEPT_COMMANDS_H
#define KEPT_COMMANDS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/core.h"
#include "therapy/v1/wire.pb-c.h"

#define KEPT_COMMANDS 8u /* topics of one device that are listed; of more each is told, but again after a restart */
#define KEPT_TOPIC    256u
#define KEPT_PAYLOAD  72u

struct kept_command {
	uint32_t channel;
	char topic[KEPT_TOPIC], payload[KEPT_PAYLOAD]; /* payload "": free */
};

struct kept_commands {
	struct kept_command items[KEPT_COMMANDS];
};

enum kept_commands_news { KEPT_COMMANDS_SAME, KEPT_COMMANDS_KEPT, KEPT_COMMANDS_GONE };

/* `clears`: the user consents that the device process clears it. `why`: what to tell people of news, in their language;
 * of what was said only printable ASCII is in it. */
enum kept_commands_news kept_commands_take(struct kept_commands *commands, const Therapy__V1__KeptCommand *said,
					   bool clears, enum language language, char why[CORE_WHY_MAX]);
/* [{"topic":"cmnd/pad/POWER","payload":"ON"}]; the caller's. */
struct json_object *kept_commands_json(const struct kept_commands *commands);

#endif
