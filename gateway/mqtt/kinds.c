/* SPDX-License-Identifier: Apache-2.0
 * What each kind of message says of itself, where MQTT 5 is spoken; and what becomes of one that the broker does not
 * take. */
#include "mqtt/outlet_impl.h"

#define PROTOBUF "application/x-protobuf"
#define JSON     "application/json"

/* A state that nobody tells again must not stay fresh for ever: the broker forgets it. Availability and what is
 * configured stay, for they say who is gone, and what there is. */
#define STATE_S 3600u
/* Who acts on what happens acts at once, or not. */
#define NOW_S 10u

static const struct {
	const char *content_type, *message;
	uint32_t expiry_s;
} kinds[] = {
    [PUBLISH_WORD] = {NULL, NULL, 0},
    [PUBLISH_JSON] = {JSON, NULL, 0},
    [PUBLISH_STATE] = {JSON, NULL, STATE_S},
    [PUBLISH_NOW] = {JSON, NULL, NOW_S},
    [PUBLISH_BATCH] = {PROTOBUF, "therapy.v1.ReadingBatch", 0},
    [PUBLISH_EVENT] = {PROTOBUF, "therapy.v1.SafetyEvent", 0},
    [PUBLISH_SESSION] = {PROTOBUF, "therapy.v1.SessionRecord", 0},
    [PUBLISH_STATUS] = {PROTOBUF, "therapy.v1.GatewayStatus", 0},
    [PUBLISH_SCHEMA] = {PROTOBUF, "google.protobuf.FileDescriptorSet", 0},
};

int publish_as(struct outlet *o, enum publish_kind kind, const char *topic, const void *bytes, size_t size, int qos,
	       bool retained, uint64_t token)
{
	char schema[OUTLET_TOPIC_MAX];
	struct broker_pair user[] = {{"message", kinds[kind].message}, {"schema", schema}};
	struct broker_properties properties = {.content_type = kinds[kind].content_type,
					       .expiry_s = kinds[kind].expiry_s};
	if (kinds[kind].message) {
		publish_topic(schema, o->base, NULL, "schema");
		properties.user = user;
		properties.n_user = kind == PUBLISH_SCHEMA ? 1 : 2;
	}
	return broker_publish(o->broker, topic, bytes, size, qos, retained, &properties, token);
}

int publish_told(int rc)
{
	return rc == UV_EMSGSIZE ? 0 : rc; /* it will not be taken later either: counted and told, and that is all */
}
