/* SPDX-License-Identifier: Apache-2.0 */
#include "store/adjusted.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "store/spool.h"

struct adjusted {
	uv_loop_t *loop;
	char path[PATH_MAX]; /* "": nowhere */
	char *gateway_id;
	Therapy__V1__Adjusted *known; /* of protobuf-c's allocator; NULL: nothing */
	/* While one is written: */
	uv_work_t work;
	uint8_t *bytes; /* a record of spool.h */
	size_t size;
	int error;
	void *user;
	void (*done)(void *user, int error);
};

/* protobuf-c's texts are not const, and are not written to. */
static char *text(const char *t)
{
	union {
		const char *in;
		char *out;
	} u = {t ? t : ""};
	return u.out;
}

static void forget(struct adjusted *a, Therapy__V1__Adjusted *fresh)
{
	if (a->known)
		therapy__v1__adjusted__free_unpacked(a->known, NULL);
	a->known = fresh;
}

/* ---- read ---- */

struct only {
	struct spool_item item;
	unsigned n;
};

static void take(void *user, const struct spool_item *item)
{
	struct only *only = user;
	only->item = *item;
	only->n++;
}

/* One whole record and nothing else. */
static Therapy__V1__Adjusted *parse(const uint8_t *bytes, size_t size)
{
	struct only only = {0};
	if (spool_scan(bytes, size, &only, take) > 0 || only.n != 1 || only.item.kind != SPOOL_RECORD)
		return NULL;
	return therapy__v1__adjusted__unpack(NULL, only.item.size, only.item.bytes);
}

static enum adjusted_found read_back(struct adjusted *a)
{
	uint8_t *bytes = NULL;
	size_t size = 0;
	if (!a->path[0])
		return ADJUSTED_NONE;
	int error = spool_read(a->path, &bytes, &size);
	if (error == UV_ENOENT)
		return ADJUSTED_NONE;
	Therapy__V1__Adjusted *read = error ? NULL : parse(bytes, size);
	free(bytes);
	if (read && strcmp(read->gateway_id, a->gateway_id) == 0) {
		a->known = read;
		return ADJUSTED_READ;
	}
	if (read)
		therapy__v1__adjusted__free_unpacked(read, NULL);
	return ADJUSTED_DAMAGED;
}

int adjusted_new(uv_loop_t *loop, const char *directory, const char *gateway_id, struct adjusted **out,
		 enum adjusted_found *found)
{
	struct adjusted *a = calloc(1, sizeof *a);
	struct str path;
	if (!a)
		return UV_ENOMEM;
	a->loop = loop;
	a->gateway_id = strdup(gateway_id);
	if (!a->gateway_id) {
		free(a);
		return UV_ENOMEM;
	}
	str_init(&path, a->path, sizeof a->path);
	if (directory)
		str_add(&path, "%s/adjusted", directory);
	if (path.overflow)
		a->path[0] = '\0';
	*found = read_back(a);
	*out = a;
	return 0;
}

void adjusted_free(struct adjusted *a)
{
	if (!a)
		return;
	forget(a, NULL);
	free(a->gateway_id);
	free(a);
}

/* ---- find ---- */

static bool is_for(const Therapy__V1__AdjustedDevice *d, const struct adjusted_key *key)
{
	return strcmp(d->plugin, key->plugin) == 0 && strcmp(d->model, key->model) == 0 &&
	       strcmp(d->link, key->link) == 0;
}

const Therapy__V1__AdjustedDevice *adjusted_find(const struct adjusted *a, const struct adjusted_key *key)
{
	for (size_t i = 0; a->known && i < a->known->n_devices; i++)
		if (is_for(a->known->devices[i], key))
			return a->known->devices[i];
	return NULL;
}

/* ---- write ---- */

static void work(uv_work_t *request)
{
	struct adjusted *a = request->data;
	a->error = spool_replace(a->path, a->bytes, a->size);
}

/* What is known is what stands in the file, read as the next start will. */
static void done(uv_work_t *request, int status)
{
	struct adjusted *a = request->data;
	int error = status ? status : a->error;
	Therapy__V1__Adjusted *fresh = error ? NULL : parse(a->bytes, a->size);
	if (!error && !fresh)
		error = UV_ENOMEM;
	if (!error)
		forget(a, fresh);
	free(a->bytes);
	a->bytes = NULL;
	a->done(a->user, error);
}

/* The record of `all` to a->bytes. */
static bool pack(struct adjusted *a, const Therapy__V1__Adjusted *all)
{
	size_t size = therapy__v1__adjusted__get_packed_size(all);
	uint8_t *body = malloc(size + 1);
	a->bytes = malloc(SPOOL_HEADER + size);
	if (body && a->bytes) {
		therapy__v1__adjusted__pack(all, body);
		const struct spool_item item = {.kind = SPOOL_RECORD, .bytes = body, .size = size};
		a->size = spool_pack(&item, a->bytes);
		free(body);
		return true;
	}
	free(body);
	free(a->bytes);
	a->bytes = NULL;
	return false;
}

int adjusted_put(struct adjusted *a, const struct adjusted_key *key, Therapy__V1__OptionValue *const *options,
		 size_t n_options, int64_t wall_unix_ms, void *user, void (*callback)(void *user, int error))
{
	Therapy__V1__Adjusted all = THERAPY__V1__ADJUSTED__INIT;
	Therapy__V1__AdjustedDevice own = THERAPY__V1__ADJUSTED_DEVICE__INIT;
	Therapy__V1__OptionValue *given[ADJUSTED_OPTIONS_MAX];
	size_t n_known = a->known ? a->known->n_devices : 0;
	if (!a->path[0])
		return UV_ENOENT;
	if (a->bytes)
		return UV_EBUSY;
	all.devices = calloc(n_known + 1, sizeof(Therapy__V1__AdjustedDevice *));
	if (!all.devices)
		return UV_ENOMEM;
	all.gateway_id = a->gateway_id;
	for (size_t i = 0; i < n_known; i++)
		if (!is_for(a->known->devices[i], key))
			all.devices[all.n_devices++] = a->known->devices[i];
	for (size_t i = 0; i < n_options && i < ADJUSTED_OPTIONS_MAX; i++)
		given[own.n_options++] = options[i];
	own.plugin = text(key->plugin);
	own.model = text(key->model);
	own.link = text(key->link);
	own.options = given;
	own.wall_unix_ms = wall_unix_ms;
	if (own.n_options > 0)
		all.devices[all.n_devices++] = &own;
	bool packed = pack(a, &all);
	free(all.devices);
	if (!packed)
		return UV_ENOMEM;
	a->user = user;
	a->done = callback;
	a->work.data = a;
	int error = uv_queue_work(a->loop, &a->work, work, done);
	if (error) {
		free(a->bytes);
		a->bytes = NULL;
	}
	return error;
}
