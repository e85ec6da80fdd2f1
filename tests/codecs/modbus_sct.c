/* SPDX-License-Identifier: Apache-2.0
 *
 * A load-cell transmitter that speaks Modbus RTU (Rice Lake SCT-10/20), to prove that the contract carries half-duplex
 * transactions: a query, its one reply, a time-out, and nothing else on the line meanwhile.
 *
 *   query      unit 03 first(2) count(2) crc crc             big endian; crc is CRC-16/MODBUS, little endian
 *   reply      unit 03 bytes data... crc crc
 *   exception  unit 83 code crc crc
 *
 *   40007 status, 40008-9 gross, 40010-11 net: magnitudes without sign and decimal point. Status: bit 0 cell, 1 ADC,
 *   2 overload, 3 over 110 %, 4-5 out of range, 7 gross is negative, 8 net is negative, 11 stable.
 *
 * 325 and stable: 01 03 00 06 00 03 E5 CA -> 01 03 06 08 00 00 00 01 45 E0 5E
 */
#include "therapy/plugin.h"

enum { GROSS, NET, STABLE, METRICS };
enum { READ_GROSS, READ_NET, VERBS };
enum { UNIT, DECIMALS, SHOWS, OPTIONS };

enum {
	READ_HOLDING = 0x03,
	EXCEPTION = 0x83,
	OVERHEAD = 5,    /* unit, function, byte count, crc */
	GROSS_FIRST = 6, /* 40007 */
	GROSS_COUNT = 3,
	NET_FIRST = 9, /* 40010 */
	NET_COUNT = 2,
	STATUS_FAULTS = 0x3F,
	STATUS_GROSS_NEGATIVE = 1 << 7,
	STATUS_NET_NEGATIVE = 1 << 8,
	STATUS_STABLE = 1 << 11,
};

struct sct {
	uint8_t unit;
	double newtons; /* of one count */
	uint8_t asked;  /* how many registers the outstanding query is for: all that a reply can be told by */
	uint16_t status;
	bool status_known;
};

static const struct therapy_metric metrics[METRICS] = {
    [GROSS] =
	{.key = "force", .name = "Force", .unit = THERAPY_UNIT_NEWTON, .min = -50, .max = 700, .interval_ms = 200},
    [NET] = {.key = "net_force",
	     .name = "Net force",
	     .unit = THERAPY_UNIT_NEWTON,
	     .min = -700,
	     .max = 700,
	     .interval_ms = 1000},
    [STABLE] = {.key = "stable",
		.name = "Stable",
		.unit = THERAPY_UNIT_BOOL,
		.min = 0,
		.max = 1,
		.interval_ms = 200,
		.diagnostic = true},
};
static const struct therapy_verb verbs[VERBS] = {{"read_gross", THERAPY_QUERY}, {"read_net", THERAPY_QUERY}};
/* A reply of 11 bytes takes 12 ms at 9600 baud, and the transmitter up to some 50 ms to begin. */
static const struct therapy_poll polls[] = {{.verb = READ_GROSS, .every_ms = 200, .reply_ms = 100},
					    {.verb = READ_NET, .every_ms = 1000, .reply_ms = 100}};
static const struct therapy_option options[OPTIONS] = {
    [UNIT] =
	{.key = "unit", .type = THERAPY_OPTION_NUMBER, .min = 1, .max = 247, .help = "Modbus address, 1 unless given"},
    [DECIMALS] = {.key = "decimals",
		  .type = THERAPY_OPTION_NUMBER,
		  .min = 0,
		  .max = 5,
		  .help = "places behind the decimal point of its display"},
    [SHOWS] = {.key = "shows", .type = THERAPY_OPTION_WORD, .words = "kg|lb|n", .help = "the unit of its display"},
};

static int init(void *state, const struct therapy_value *values, uint32_t seed)
{
	struct sct *sct = state;
	const char *shows = values[SHOWS].set ? values[SHOWS].word : "";
	(void)seed;
	/* What a count is worth cannot be guessed. */
	double unit = strcmp(shows, "kg") == 0 ? 9.80665 : strcmp(shows, "lb") == 0 ? 4.4482216 : 1;
	if (!values[SHOWS].set || (unit == 1 && strcmp(shows, "n") != 0))
		return -1;
	*sct = (struct sct){.unit = (uint8_t)(values[UNIT].set ? values[UNIT].number : 1)};
	sct->newtons = unit / pow(10, values[DECIMALS].set ? values[DECIMALS].number : 0);
	return 0;
}

static uint16_t crc16(const uint8_t *bytes, size_t size)
{
	unsigned crc = 0xFFFF;
	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
	}
	return (uint16_t)crc;
}

/* How long the reply is that starts here: 0 more is needed, -1 none starts here. */
static long reply_size(const struct sct *sct, const uint8_t *bytes, size_t size)
{
	if (bytes[0] != sct->unit)
		return -1;
	if (size < 2)
		return 0;
	if (bytes[1] == EXCEPTION)
		return OVERHEAD;
	if (bytes[1] != READ_HOLDING)
		return -1;
	if (size < 3)
		return 0;
	/* Only what was asked for; a converter that echoes the query is passed over by this as well. */
	return sct->asked != 0 && bytes[2] == 2 * sct->asked ? OVERHEAD + 2 * sct->asked : -1;
}

static long frame(void *state, const uint8_t *bytes, size_t size)
{
	long n = size ? reply_size(state, bytes, size) : 0;
	return n > (long)size ? 0 : n;
}

static uint32_t u16_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static double weight(const struct sct *sct, const uint8_t *data, uint16_t negative)
{
	double counts = u16_at(data) * 65536.0 + u16_at(data + 2);
	if (sct->status & STATUS_FAULTS)
		return (double)NAN;
	return (sct->status & negative ? -counts : counts) * sct->newtons;
}

static enum therapy_refusal decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	struct sct *sct = state;
	const uint8_t *bytes = message->data, *data = bytes + 3;
	size_t size = message->size;
	if (size < OVERHEAD || reply_size(sct, bytes, size) != (long)size)
		return THERAPY_REFUSED_LENGTH;
	if (crc16(bytes, size - 2) != (bytes[size - 2] | bytes[size - 1] << 8))
		return THERAPY_REFUSED_CHECKSUM;
	if (bytes[1] == EXCEPTION)
		return THERAPY_REFUSED_TYPE;
	out->reply = true;
	if (sct->asked == GROSS_COUNT) {
		sct->status = (uint16_t)u16_at(data);
		sct->status_known = true;
		therapy_emit(out, GROSS, weight(sct, data + 2, STATUS_GROSS_NEGATIVE));
		therapy_emit(out, STABLE, (sct->status & STATUS_STABLE) != 0);
	} else if (sct->status_known) { /* without the status the sign of net is not known */
		therapy_emit(out, NET, weight(sct, data, STATUS_NET_NEGATIVE));
	}
	return THERAPY_OK;
}

static int encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	struct sct *sct = state;
	(void)now_ms;
	(void)value;
	if (verb >= VERBS)
		return -1;
	uint8_t first = verb == READ_GROSS ? GROSS_FIRST : NET_FIRST,
		count = verb == READ_GROSS ? GROSS_COUNT : NET_COUNT;
	uint8_t query[8] = {sct->unit, READ_HOLDING, 0, first, 0, count};
	uint16_t crc = crc16(query, 6);
	query[6] = (uint8_t)crc;
	query[7] = (uint8_t)(crc >> 8);
	therapy_send(out, 0, query, sizeof query);
	sct->asked = count;
	return 0;
}

static const struct therapy_model models[] = {
    {.key = "sct",
     .name = "SCT-10",
     .manufacturer = "Rice Lake",
     .links = THERAPY_LINK_SERIAL | THERAPY_LINK_TCP,
     .baud = 9600,
     .metrics = metrics,
     .verbs = verbs,
     .polls = polls,
     .options = options,
     .n_metrics = METRICS,
     .n_verbs = VERBS,
     .n_polls = sizeof polls / sizeof *polls,
     .n_options = OPTIONS,
     .state_size = sizeof(struct sct),
     .init = init,
     .frame = frame,
     .decode = decode,
     .encode = encode},
};

const struct therapy_plugin therapy_plugin = {.abi = THERAPY_ABI,
					      .sizes = THERAPY_SIZES,
					      .key = "modbus_sct",
					      .kind = "traction",
					      .version = "0.1.0",
					      .models = models,
					      .n_models = 1};
