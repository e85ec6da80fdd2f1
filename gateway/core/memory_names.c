/* SPDX-License-Identifier: Apache-2.0
 * How a row of the memory finds what it is about: the name of a window holds a hash of all that its text means in this
 * home, so that one that was edited anywhere knows nothing of before.
 */
#include <stdlib.h>

#include "core/inside.h"

#define HASH_BASIS 0xcbf29ce484222325u

static uint64_t mix(uint64_t hash, const void *bytes, size_t n) /* FNV-1a */
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
	return hash;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
	return mix(hash, text, strlen(text) + 1);
}

/* What the metrics mean and the texts say, each hashed once: many nodes look at one, or are cut from one. Start-up
 * only. */
struct hashes {
	const struct core *core;
	uint64_t *metrics, *sources;
};

/* What a leaf asks of what. Of a limit the name counts, not its figure of now: that may change while the gateway runs,
 * and a window goes on then. */
static uint64_t mix_leaf(uint64_t hash, const struct hashes *h, const struct node *node)
{
	const struct limits *limits = &h->core->limits;
	hash = mix(hash, &h->metrics[node->metric], sizeof *h->metrics);
	hash = mix(hash, &node->compare, sizeof node->compare);
	hash = mix(hash, &node->max_age_ms, sizeof node->max_age_ms);
	if (node->op == NODE_COMPARE && node->slot != LOGIC_NONE)
		return mix_text(hash, limits->items[limits->slots[node->slot].limit].id);
	return mix(hash, &node->limit, sizeof node->limit);
}

/* The text and those of the conditions that it names, and what they look at in this home: with a table more the window
 * of "any inversion.tilt" is another. The nodes of a text stand together and end with their root. */
static uint64_t hash_text(const struct hashes *h, uint32_t text)
{
	const struct logic *logic = &h->core->logic;
	uint64_t hash = mix_text(HASH_BASIS, logic->texts[text].text);
	uint32_t first = logic->texts[text].root;
	while (first > 0 && logic->nodes[first - 1].text == text)
		first--;
	for (uint32_t i = first; i <= logic->texts[text].root; i++) {
		const struct node *node = &logic->nodes[i];
		hash = mix(hash, &node->op, sizeof node->op);
		hash = mix(hash, &h->sources[node->source], sizeof *h->sources);
		hash = mix(hash, &node->written, sizeof node->written);
		if (node->op == NODE_COMPARE || node->op == NODE_ON)
			hash = mix_leaf(hash, h, node);
		else if (node->op == NODE_FOR)
			hash = mix(hash, &logic->windows[node->window].duration_ms,
				   sizeof logic->windows[node->window].duration_ms);
	}
	return hash;
}

/* A metric that is computed here is what its row says. Rows look at rows before them only. */
static void hash_derived(const struct hashes *h, const struct derived *d)
{
	uint64_t hash = mix(h->metrics[d->metric], &d->type, sizeof d->type);
	hash = mix(hash, &d->gap_ms, sizeof d->gap_ms);
	hash = mix(hash, &d->within_ms, sizeof d->within_ms);
	hash = mix(hash, &d->deadband, sizeof d->deadband);
	if (d->source != NONE)
		hash = mix(hash, &h->metrics[d->source], sizeof *h->metrics);
	if (d->text != NONE) {
		uint64_t text = hash_text(h, d->text);
		hash = mix(hash, &text, sizeof text);
	}
	h->metrics[d->metric] = hash;
}

static int hash_all(const struct core *core, struct hashes *h)
{
	*h = (struct hashes){.core = core};
	h->metrics = calloc((size_t)core->home.n_metrics + 1, sizeof *h->metrics);
	h->sources = calloc((size_t)core->logic.n_sources + 1, sizeof *h->sources);
	if (!h->metrics || !h->sources)
		return -1;
	for (uint32_t i = 0; i < core->home.n_metrics; i++) {
		const struct home_metric *m = &core->home.metrics[i];
		h->metrics[i] = mix_text(mix_text(HASH_BASIS, core->home.devices[m->device].id), m->key);
	}
	for (uint32_t i = 0; i < core->logic.n_sources; i++)
		h->sources[i] = mix_text(HASH_BASIS, core->logic.sources[i]);
	for (uint32_t i = 0; i < core->n_derived; i++)
		hash_derived(h, &core->derived[i]);
	return 0;
}

const char *memory_derived_name(const struct core *core, uint32_t index, char *key, size_t size)
{
	const struct home_metric *m = &core->home.metrics[core->derived[index].metric];
	struct str s;
	str_init(&s, key, size);
	str_add(&s, "%s.%s", core->home.devices[m->device].id, m->key);
	return key;
}

/* "no-heat-during-inversion/2/0/0123456789abcdef": the rule, which of its texts, which window of that, the hash. */
const char *memory_window_name(const struct core *core, const struct memory_window *w, char *key, size_t size)
{
	uint32_t owner = core->logic.texts[w->text].owner;
	unsigned which = 0;
	struct str s;
	str_init(&s, key, size);
	if (owner < core->n_rules) {
		while (which < TEXT_COUNT_ && core->rules[owner].texts[which] != w->text)
			which++;
		str_add(&s, "%s", core->rules[owner].id);
	} else if (owner - core->n_rules < core->n_derived) {
		char name[ID_MAX * 2];
		str_add(&s, "%s", memory_derived_name(core, owner - core->n_rules, name, sizeof name));
	}
	str_add(&s, "/%u/%u/%016llx", which, w->ordinal, (unsigned long long)w->hash);
	return key;
}

static const char *name_of(const struct core *core, enum memory_of what, uint32_t index, char *key, size_t size)
{
	switch (what) {
	case MEMORY_OF_WINDOW:
		return memory_window_name(core, &core->memory.windows[index], key, size);
	case MEMORY_OF_DERIVED:
		return memory_derived_name(core, index, key, size);
	case MEMORY_OF_RULE:
	case MEMORY_OF_COUNT_:
		break;
	}
	return core->rules[index].id;
}

static int by_hash(const void *a, const void *b)
{
	const struct memory_name *x = a, *y = b;
	return (x->hash > y->hash) - (x->hash < y->hash);
}

/* Rows are looked up by the hash of their name, so that those of thousands of windows, in whatever order, do not hold
 * up the loop. */
static int build_names(struct core *core, enum memory_of what, uint32_t n)
{
	char key[MEMORY_KEY_MAX];
	struct memory_name *items = calloc((size_t)n + 1, sizeof *items);
	if (!items)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		items[i] = (struct memory_name){mix_text(HASH_BASIS, name_of(core, what, i, key, sizeof key)), i};
	qsort(items, n, sizeof *items, by_hash);
	core->memory.names[what].items = items;
	core->memory.names[what].n = n;
	return 0;
}

uint32_t memory_find(const struct core *core, enum memory_of what, const char *name)
{
	const struct memory_name *items = core->memory.names[what].items;
	uint64_t hash = mix_text(HASH_BASIS, name);
	uint32_t low = 0, n = core->memory.names[what].n, high = n;
	char key[MEMORY_KEY_MAX];
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (items[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n && items[low].hash == hash; low++)
		if (strcmp(name_of(core, what, items[low].index, key, sizeof key), name) == 0)
			return items[low].index;
	return NONE;
}

static int build_windows(struct core *core)
{
	struct memory *m = &core->memory;
	struct hashes h;
	int bad = hash_all(core, &h);
	m->windows = calloc((size_t)core->logic.n_windows + 1, sizeof *m->windows);
	bad = bad || !m->windows ? -1 : 0;
	for (uint32_t i = 0; !bad && i < core->logic.n_nodes; i++) {
		if (core->logic.nodes[i].op != NODE_FOR)
			continue;
		const struct memory_window *last = m->n_windows ? &m->windows[m->n_windows - 1] : NULL;
		uint32_t text = core->logic.nodes[i].text;
		bool again = last && last->text == text;
		m->windows[m->n_windows++] = (struct memory_window){
		    .node = i,
		    .text = text,
		    .ordinal = again ? last->ordinal + 1 : 0,
		    .hash = again ? last->hash : hash_text(&h, text),
		};
	}
	free(h.metrics);
	free(h.sources);
	return bad;
}

int memory_names_build(struct core *core)
{
	return build_windows(core) || build_names(core, MEMORY_OF_WINDOW, core->memory.n_windows) ||
		       build_names(core, MEMORY_OF_DERIVED, core->n_derived) ||
		       build_names(core, MEMORY_OF_RULE, core->n_rules)
		   ? -1
		   : 0;
}

void memory_names_release(struct core *core)
{
	for (unsigned i = 0; i < MEMORY_OF_COUNT_; i++)
		free(core->memory.names[i].items);
	free(core->memory.windows);
}
