/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "base/str.h"
#include "begin/begin.h"
#include "begin/say.h"
#include "begin/place.h"
#include "begin/stop.h"
#include "discover/listen.h"

#define TRIES 5u /* of addresses and passwords, until it is better to look into the matter */

enum step step_of(enum ask_end end)
{
	return end == ASK_GOOD ? STEP_ON : STEP_STOP;
}

static bool take_place(struct begin *b, const char *text)
{
	char why[256];
	if (!place_read(text, &b->place, why, sizeof why)) {
		say("%s", why);
		return false;
	}
	b->password[0] = '\0';
	return true;
}

static enum step hear(struct begin *b, struct listen_heard *heard)
{
	const char *username = b->place.username[0] ? b->place.username : NULL;
	struct listen_order order = {
	    .to = {.url = b->place.url, .username = username, .password = b->password[0] ? b->password : NULL},
	    .for_ms = b->listen_ms,
	    .stopped = stop_asked};
	/* What was not asked for anew is as the file has it, for the broker of the file: what that knows of a password
	 * is not sent to an address that somebody typed. */
	if (b->config && strcmp(b->place.url, b->config->mqtt.url) == 0) {
		const struct config_mqtt *m = &b->config->mqtt;
		if (!username)
			order.to.username = m->account.username;
		if (!b->password[0])
			order.to.password = m->account.password;
		order.to.ca_file = m->ca_file;
		order.to.cert_file = m->account.cert_file;
		order.to.key_file = m->account.key_file;
		order.to.protocol = (enum broker_protocol)m->protocol;
	}
	say("Listening at the broker %s for %.0f s ...", b->place.url, (double)b->listen_ms / 1000);
	b->found.n = 0;
	int error = listen_there(&order, &b->found, heard);
	stop_catch();
	if (heard->interrupted) {
		stop_now();
		return STEP_STOP;
	}
	if (error)
		snprintf(heard->why, sizeof heard->why, "%s", uv_strerror(error));
	return STEP_ON;
}

static enum step ask_place(struct begin *b, const char *fallback)
{
	char answer[ASK_MAX];
	enum step step = STEP_ON;
	bool good = false;
	while (step == STEP_ON && !good) {
		step = step_of(
		    ask_line("Where is the MQTT broker? (name or address; me@... for an account)", fallback, answer));
		good = step == STEP_ON && take_place(b, answer);
	}
	return step;
}

/* What is asked after an attempt that failed: the place, or with a wrong password only that. */
static enum step ask_again(struct begin *b, const char *why, bool *asked)
{
	bool account = place_wants_account(why);
	const char *own = b->config ? b->config->mqtt.account.username : NULL;
	enum step step = STEP_ON;
	if (account && !b->place.username[0] && own)
		(void)str_copy(b->place.username, sizeof b->place.username, own);
	if (!account || !b->place.username[0]) {
		if (account)
			say("It wants an account: the user name before the address, as in me@%s",
			    strstr(b->place.url, "://") + 3);
		if (!*asked)
			ask_new();
		*asked = true;
		step = ask_place(b, account ? NULL : b->config ? b->place.url : "homeassistant.local");
	}
	if (step == STEP_ON && b->place.username[0]) {
		char question[256];
		if (!b->asked_password)
			ask_new();
		b->asked_password = true;
		snprintf(question, sizeof question, "Password of %.100s there (not shown):", b->place.username);
		step = step_of(ask_secret(question, b->password));
	}
	return step;
}

/* Where it is tried first. */
static bool first_place(struct begin *b)
{
	const char *own = b->config ? b->config->mqtt.url : NULL;
	if (b->broker && !take_place(b, b->broker))
		return false;
	if (!b->broker && own)
		(void)str_copy(b->place.url, sizeof b->place.url, own);
	return b->broker || own || take_place(b, "mqtt://127.0.0.1:1883");
}

enum step step_broker(struct begin *b)
{
	struct listen_heard heard;
	bool asked = false;
	if (!first_place(b))
		return STEP_STOP;
	for (unsigned i = 0; i < TRIES; i++) {
		enum step step = hear(b, &heard);
		if (step == STEP_ON && heard.up) {
			b->change.broker = b->config && (strcmp(b->place.url, b->config->mqtt.url) != 0 ||
							 b->place.username[0] || b->password[0]);
			return STEP_ON;
		}
		if (step == STEP_ON)
			say("The broker %s was not reached%s%s", b->place.url, heard.why[0] ? ": " : " within 8 s",
			    heard.why);
		if (step == STEP_ON && i + 1 < TRIES)
			step = ask_again(b, heard.why, &asked);
		if (step != STEP_ON)
			return step;
	}
	say("Next: see to it that the broker runs and takes this account (docs/troubleshooting.md), then\n"
	    "%s again. With Home Assistant: Settings > Add-ons > Mosquitto broker.",
	    say_setup());
	return STEP_STOP;
}
