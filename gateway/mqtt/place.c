/* SPDX-License-Identifier: Apache-2.0
 *
 * Our place at the broker: it is taken only when no other gateway of our id has it (namesake.h). When it is lost again
 * and again right after it was taken, somebody else takes it: then we look anew.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "mqtt/outlet_impl.h"

#define REQUEST_QUEUE                                                                                                  \
	4096u /* messages that wait for the loop: a flood that a broker forwards in its stead is no more */
#define SHORT_MS      3000u /* a connection that lasts longer is nobody else's */
#define SHORTS        2u    /* so many short ones are no accident */
#define LOOK_FIRST_MS 100u  /* before looking anew, then doubling to ... */
#define LOOK_MOST_MS  10000u
#define SEEN_MS       150000u /* one that stands back says every minute that it is there */

static void tell_alone(struct outlet *o, bool alone)
{
	if (o->callbacks.alone)
		o->callbacks.alone(o->callbacks.user, alone);
}

static void on_one_closed(void *user)
{
	outlet_one_closed(user);
}

static int take(struct outlet *o)
{
	char will_topic[OUTLET_TOPIC_MAX];
	struct broker_config broker = o->broker_config;
	broker.will_topic = publish_topic(will_topic, o->base, NULL, "availability");
	broker.will_payload = "offline";
	broker.will_size = strlen("offline");
	broker.will_qos = 1;
	broker.will_retained = true;
	const struct broker_callbacks callbacks = {o, outlet_up, outlet_down, receive_message, outlet_delivered};
	int rc = broker_new(o->loop, &broker, &callbacks, &o->broker);
	o->handles += rc == 0;
	return rc;
}

static void end_look(struct outlet *o)
{
	namesake_close(o->look, on_one_closed, o);
	o->look = NULL;
}

static void on_clear(void *user)
{
	struct outlet *o = user;
	bool stood_back = o->stands_back;
	end_look(o);
	o->stands_back = false;
	if (stood_back)
		log_info("mqtt", "the other gateway with the id '%s' is gone: this one takes its place", o->gateway_id);
	int rc = take(o);
	if (rc != 0)
		log_error("mqtt", "cannot connect to the broker: %s", uv_strerror(rc));
	tell_alone(o, true);
}

static void on_found(void *user, const struct namesake_card *other)
{
	struct outlet *o = user;
	o->stands_back = true;
	o->namesake = *other;
	log_error("mqtt",
		  "another gateway with the id '%s' runs already, on the machine '%s': this one stands back until "
		  "that one is gone. It publishes nothing and leaves the devices behind the broker to the "
		  "other; give one of the two another gateway.id",
		  o->gateway_id, other->host);
	tell_alone(o, false);
}

static int look(struct outlet *o)
{
	const struct namesake_callbacks callbacks = {o, on_clear, on_found, outlet_down};
	int rc = namesake_look(o->loop, &o->broker_config, o->base, &o->card, o->started_ms, o->had_place, &callbacks,
			       &o->look);
	o->handles += rc == 0;
	return rc;
}

static void on_look(uv_timer_t *timer)
{
	struct outlet *o = timer->data;
	int rc = look(o);
	if (rc != 0)
		log_error("mqtt", "cannot look who is at the broker: %s", uv_strerror(rc));
}

int place_open(struct outlet *o)
{
	namesake_card(&o->card);
	return look(o);
}

void place_taken(struct outlet *o)
{
	o->up_ms = clock_boot_ms();
	o->had_place = true;
}

void place_lost(struct outlet *o)
{
	uint64_t up_ms = o->up_ms;
	o->up_ms = 0;
	if (!o->broker || !up_ms)
		return;
	if (clock_boot_ms() - up_ms >= SHORT_MS) {
		o->shorts = 0;
		return;
	}
	if (++o->shorts < SHORTS)
		return; /* the connection tries again by itself */
	uint64_t wait_ms = LOOK_FIRST_MS;
	for (unsigned i = SHORTS; i < o->shorts && wait_ms < LOOK_MOST_MS; i++)
		wait_ms *= 2;
	broker_close(o->broker, 0, false, on_one_closed, o);
	o->broker = NULL;
	uv_timer_start(&o->place, on_look, wait_ms < LOOK_MOST_MS ? wait_ms : LOOK_MOST_MS, 0);
}

void place_close(struct outlet *o, unsigned wait_ms)
{
	if (o->look)
		end_look(o);
	if (o->broker)
		broker_close(o->broker, wait_ms, false, on_one_closed, o);
	o->broker = NULL;
}

/* Somebody asks who is here: our answer keeps a newcomer away. */
bool place_asked(struct outlet *o, const struct broker_message *m)
{
	char topic[OUTLET_TOPIC_MAX];
	struct namesake_card other;
	if (strcmp(m->topic, publish_topic(topic, o->base, NULL, "who")) != 0)
		return false;
	if (m->retained || !namesake_read(m->payload, m->size, &other) || strcmp(other.instance, o->card.instance) == 0)
		return true;
	char *text = namesake_text(&o->card, clock_boot_ms() - o->started_ms);
	if (text)
		(void)broker_publish(o->broker, publish_topic(topic, o->base, NULL, "instance"), text, strlen(text), 0,
				     false, NULL, 0);
	free(text);
	if (strcmp(other.instance, o->namesake.instance) != 0)
		log_warn(
		    "mqtt",
		    "another gateway with the id '%s' was started on the machine '%s': it stands back while this one "
		    "runs; give one of the two another gateway.id",
		    o->gateway_id, other.host);
	o->namesake = other;
	o->namesake_ms = clock_boot_ms();
	(void)publish_home_state(o, false);
	return true;
}

bool place_contested(const struct outlet *o)
{
	return o->stands_back || (o->namesake_ms && clock_boot_ms() - o->namesake_ms < SEEN_MS);
}
