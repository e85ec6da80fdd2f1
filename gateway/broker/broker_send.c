/* SPDX-License-Identifier: Apache-2.0
 * What goes out on a connection, and what the broker takes of it. */
#include "base/log.h"
#include "broker/broker_inside.h"
#include "broker/topic.h"

#define WHY_MAX 320

/* The library did not tell, but it is not connected: without this we would believe it for ever. */
static int found_lost(struct broker *b, int rc)
{
	if (rc == UV_ENOTCONN)
		bridge_put_down(&b->bridge, "the connection was lost, as a send found out", BRIDGE_LOST);
	return rc;
}

/* What the broker would not take is not sent: it would hang up, and the same would come again after that. */
static int refuse_size(struct broker *b, const char *topic, size_t size)
{
	size_t max = limits_max(&b->limits);
	b->counters.too_large++;
	if (b->too_large_told != max)
		log_warn(
		    "broker",
		    "'%.100s' is not sent: %zu bytes, and this broker takes at most %zu; what is too large is only "
		    "counted from now on. Raise the broker's limit (mosquitto: max_packet_size)",
		    topic, size, max);
	b->too_large_told = max;
	return UV_EMSGSIZE;
}

int broker_publish(struct broker *b, const char *topic, const void *payload, size_t size, int qos, bool retained,
		   const struct broker_properties *properties, uint64_t token)
{
	char why[WHY_MAX];
	if (!topic_name_valid(topic, why, sizeof why) || qos < 0 || qos > 1) {
		log_warn("broker", "not published to '%.80s': %s", topic,
			 qos < 0 || qos > 1 ? "QoS is neither 0 nor 1" : why);
		return UV_EINVAL;
	}
	if (!broker_is_up(b))
		return UV_ENOTCONN;
	if (qos > b->limits.told.qos_max)
		qos = b->limits.told.qos_max;
	retained = retained && b->limits.told.retain;
	size_t packet = paho_packet(b->paho, topic, size, qos, properties);
	if (!limits_fits(&b->limits, packet))
		return refuse_size(b, topic, packet);
	struct bridge_slot *slot = bridge_slot_take(&b->bridge, token, size, qos, paho_socket(b->paho));
	if (!slot)
		return UV_ENOBUFS;
	slot->proves = limits_sent(&b->limits, packet, uv_now(b->loop));
	int rc = paho_publish(b->paho, slot, topic, payload, size, retained, properties);
	if (rc != 0)
		bridge_slot_return(slot);
	else
		b->counters.published++;
	return found_lost(b, rc);
}

static int subscribe(struct broker *b, const char *topic, int qos, enum paho_manner manner)
{
	char why[WHY_MAX];
	if (!topic_filter_valid(topic, why, sizeof why)) {
		log_warn("broker", "not subscribed to '%.80s': %s", topic, why);
		return UV_EINVAL;
	}
	return broker_is_up(b) ? found_lost(b, paho_subscribe(b->paho, topic, qos, manner)) : UV_ENOTCONN;
}

int broker_subscribe(struct broker *b, const char *topic, int qos)
{
	return subscribe(b, topic, qos, PAHO_PLAIN);
}

int broker_subscribe_as_published(struct broker *b, const char *topic, int qos)
{
	return subscribe(b, topic, qos, PAHO_AS_PUBLISHED);
}

int broker_subscribe_aside(struct broker *b, const char *topic)
{
	return subscribe(b, topic, 0, PAHO_ASIDE);
}
