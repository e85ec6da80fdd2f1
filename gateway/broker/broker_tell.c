/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/broker_inside.h"

#include "base/log.h"

void broker_tell_limits(struct broker *b)
{
	const struct limits_told *told = &b->limits.told;
	if (b->speaks != b->told && (b->told != BROKER_AUTO || b->speaks == BROKER_MQTT_311))
		log_info("broker", "client '%s' speaks MQTT %s with this broker%s", b->config.client_id,
			 b->speaks == BROKER_MQTT_5 ? "5" : "3.1.1",
			 b->config.protocol == BROKER_AUTO && b->speaks == BROKER_MQTT_311 ? ", which takes no 5" : "");
	b->told = b->speaks;
	if (told->qos_max == 0 && !b->qos_told)
		log_warn("broker", "the broker takes QoS 0 only: client '%s' cannot know what arrived",
			 b->config.client_id);
	b->qos_told |= told->qos_max == 0;
	if (!told->retain && !b->retain_told)
		log_warn("broker", "the broker keeps no messages: who comes later does not see what client '%s' told",
			 b->config.client_id);
	b->retain_told |= !told->retain;
	if (told->keep_alive_s > 0 && !b->keep_alive_told)
		log_info("broker", "the broker wants a keep-alive of %u s of client '%s', in place of its own",
			 told->keep_alive_s, b->config.client_id);
	b->keep_alive_told |= told->keep_alive_s > 0;
}

void broker_tell_news(struct broker *b, const struct bridge_news *news)
{
	b->counters.received = news->received;
	b->counters.received_dropped = news->dropped;
	if (news->untuned)
		log_warn("broker", "cannot find the MQTT library's socket: messages may be up to 40 ms late");
	if (news->subscribes_refused)
		log_warn("broker", "the broker refused %u subscription(s): %s; check its access rules for client '%s'",
			 news->subscribes_refused, news->subscribe_why, b->config.client_id);
	if (news->asides_refused && !b->aside_told)
		log_info("broker", "the broker does not let client '%s' see all that is published to its device: %s",
			 b->config.client_id, news->subscribe_why);
	b->aside_told |= news->asides_refused > 0;
	if (news->publishes_refused && !b->publish_told)
		log_warn("broker", "the broker refused a message of client '%s': %s (has it access rules?)",
			 b->config.client_id, news->publish_why);
	b->publish_told |= news->publishes_refused > 0;
}
