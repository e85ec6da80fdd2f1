/* SPDX-License-Identifier: Apache-2.0 */
#include "discover/found.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "link/address.h"

/* As the configuration's reader judges it. */
static bool linkable(const char *place)
{
	char text[300], why[512];
	struct link_address address;
	struct str s;
	str_init(&s, text, sizeof text);
	str_add(&s, "mqtt:%s", place);
	return !s.overflow && !strpbrk(place, "\"\\") && link_address_parse(text, &address, why, sizeof why) == 0 &&
	       strcmp(address.place, place) == 0;
}

struct found *found_at(struct found_list *list, enum found_family family, const char *place, size_t size)
{
	char name[sizeof list->at[0].place];
	struct str s;
	str_init(&s, name, sizeof name);
	str_add_bytes(&s, place, size);
	if (s.overflow || strlen(name) != size || !linkable(name)) {
		list->unnamed++;
		return NULL;
	}
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].family == family && strcmp(list->at[i].place, name) == 0)
			return &list->at[i];
	if (list->n == FOUND_MAX) {
		list->more++;
		return NULL;
	}
	struct found *found = &list->at[list->n++];
	*found = (struct found){.family = family};
	(void)str_copy(found->place, sizeof found->place, name);
	return found;
}

void found_is(struct found *found, const char *plugin, const char *model)
{
	if (found->plugin[0])
		return;
	(void)str_copy(found->plugin, sizeof found->plugin, plugin);
	(void)str_copy(found->model, sizeof found->model, model);
}

static void put(char *out, size_t size, const char *text)
{
	struct str s;
	str_init(&s, out, size);
	str_add_printable(&s, text, strlen(text), size - sizeof "...");
}

void found_says(struct found *found, const char *text)
{
	put(found->says, sizeof found->says, text);
}

void found_note(struct found *found, const char *text)
{
	if (!found->twins)
		put(found->note, sizeof found->note, text);
}

void found_own(struct found *found, const char *text)
{
	if (text[0] && found->own[0] && strncmp(found->own, text, sizeof found->own - 1) != 0) {
		found_note(found, "two devices have this name, and what one is told both do: give each its own");
		found->twins = true;
	}
	if (text[0])
		put(found->own, sizeof found->own, text);
}

const char *found_family_name(enum found_family family)
{
	static const char *const names[FOUND_FAMILIES_] = {"Tasmota", "Shelly", "Zigbee2MQTT", "ESPHome", "Theengs"};
	return names[family];
}

void found_id(const char *text, bool (*taken)(const void *user, const char *id), const void *user, char out[ID_MAX])
{
	char base[ID_MAX];
	size_t n = 0;
	for (; *text && n < ID_MAX - 6; text++) { /* room for a number behind it */
		bool word = isalnum((unsigned char)*text) && (unsigned char)*text < 0x80;
		if (word)
			base[n++] = (char)tolower((unsigned char)*text);
		else if (n > 0 && base[n - 1] != '_')
			base[n++] = '_';
	}
	while (n > 0 && base[n - 1] == '_')
		n--;
	base[n] = '\0';
	struct str s;
	str_init(&s, out, ID_MAX);
	str_add(&s, "%s", n > 0 ? base : "device");
	for (unsigned i = 2; taken(user, out) && i < 9999; i++) {
		str_init(&s, out, ID_MAX);
		str_add(&s, "%s_%u", n > 0 ? base : "device", i);
	}
}
