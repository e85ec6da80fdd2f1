/* SPDX-License-Identifier: Apache-2.0
 *
 * Devices that the configuration describes itself, `plugin = "generic"`: what docs/generic.md says people may write
 * becomes a Definition, in which names are indexes, units inner ones and messages pieces of bytes.
 */
#ifndef CONFIG_DEFINITION_H
#define CONFIG_DEFINITION_H

#include "base/unit.h"
#include "config/config.h"
#include "config/read.h"

#define DEFINITION_METRICS_MAX 64u

/* A definition being read. */
struct definition {
	struct reader *r;  /* of the file it stands in */
	const char *where; /* begins its fault texts: `device "pad": definition: `; "" in a file of its own */
	Therapy__V1__Definition *out;
	char *topic, *command_topic; /* of metrics, and of what is sent, that name none; NULL: they must */
	const char *name;            /* what {name} stands for; NULL: nobody knows yet */
	struct unit_conversion units[DEFINITION_METRICS_MAX]; /* of the metrics */
	bool hex; /* what is sent is written as bytes: frames and characteristics are binary */
};

/* The definition that `group`, a device, names or holds. `name` is what {name} in its topics stands for; NULL: nothing.
 * NULL: there is none that can be read, and faults say why. */
Therapy__V1__Definition *definition_section(struct reader *r, setting *group, const char *where, const char *name,
					    const struct config_places *places);

/* `metrics` and `controls` of `group`. */
void definition_metrics(struct definition *d, setting *group);
void definition_controls(struct definition *d, setting *group);
/* `settings`. After the controls. */
void definition_settings(struct definition *d, setting *group);
/* Faults of what member `key` sends without a permission: what a control is switched on with, or what would come back
 * as if the device had said it. NULL has none. */
void definition_check_harmless(struct definition *d, setting *s, const char *where, const char *key,
			       const Therapy__V1__DefinedMessage *message);

/* The address that member `key` of `group` gives, else `otherwise`. A fault if there is none and the device speaks in
 * messages, or one and it does not. Never NULL. */
char *definition_address(struct definition *d, setting *group, const char *where, const char *key, char *otherwise);
/* Faults of an address that `s`, called `what` in them, gave; NULL has none. */
void definition_check_address(struct definition *d, setting *s, const char *what, const char *address);
/* `pointer`, with a fault if it is no JSON pointer. */
char *definition_pointer(struct definition *d, setting *group, const char *where, char *pointer);
/* The metric that member `key` of `group` names. False, with a fault if it names one that is not there. */
bool definition_metric(struct definition *d, setting *group, const char *where, const char *key, uint32_t *out);
/* A unit as written, "kgf", "bool" or none: how it becomes the inner one. */
struct unit_conversion definition_unit(struct definition *d, setting *group, const char *where, const char *unit);
/* A list `words` of texts joined with | between them, for rules and people; "" if there is none. */
char *definition_words(struct definition *d, setting *group, const char *where);
/* A list `values` of texts as the device says or hears them. */
void definition_values(struct definition *d, setting *group, const char *where, size_t *n, char ***out);
/* Letters a-z, digits and _, as keys of plugins are. */
bool definition_key_valid(const char *key);
/* Would it switch the control on, with a value that may be set? */
bool definition_energises(const struct definition *d, const Therapy__V1__DefinedMessage *message,
			  const Therapy__V1__DefinedControl *control);
/* A fault if member `id` of `group` is no key. */
void definition_id(struct definition *d, setting *group, const char *where, const char *id);
/* "skin_temp" as people read it, unless they are given a name: "Skin temp". */
char *definition_name(struct definition *d, const char *id);
/* Begins fault texts about `what`. */
#define DEFINITION_WHERE 192
void definition_where(const struct definition *d, char out[DEFINITION_WHERE], const char *what);

/* What member `key` of `group` sends to `address`. NULL: it is not there, or a fault. With `value` it may hold the
 * value. */
Therapy__V1__DefinedMessage *message_read(struct definition *d, setting *group, const char *where, const char *key,
					  char *address, bool value);
/* Bytes of member `key`: as text, or with `hex` as "55 53". Empty if it is not there. */
ProtobufCBinaryData message_bytes(struct definition *d, setting *group, const char *where, const char *key, bool hex);
/* The same of a list of them, or of one. */
void message_bytes_list(struct definition *d, setting *group, const char *where, const char *key, bool hex, size_t *n,
			ProtobufCBinaryData **out);
/* What is fixed must not be what switches something on, in whatever spelling (definition_likeness.c). Might `fixed` be
 * taken for `other` with some value? Then *value is that value as the device counts: NAN if it is none that counts,
 * HUGE_VAL if nobody can tell. */
bool message_may_be(const struct definition *d, const Therapy__V1__DefinedMessage *fixed,
		    const Therapy__V1__DefinedMessage *other, const Therapy__V1__DefinedControl *of, double *value);
/* Does it hold the value? */
bool message_has_value(const Therapy__V1__DefinedMessage *message);
/* "u16le" and its like as an enum, for a field of words. */
extern const char *const value_type_words[];
#define VALUE_TYPE_FIRST THERAPY__V1__VALUE_TYPE__VALUE_TYPE_U8 /* that words[0] means */

#endif
