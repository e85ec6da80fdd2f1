/* SPDX-License-Identifier: Apache-2.0 */
#include "device/fake_model.h"

#include "base/testing.h"

struct fake_state *fake_state;

static int init(void *state, const struct therapy_value *values, uint32_t seed)
{
	fake_state = state;
	fake_state->seed = seed;
	return values && values[0].set && values[0].number < 0 ? -1 : 0;
}

static long frame(void *state, const uint8_t *bytes, size_t size)
{
	const struct fake_state *s = state;
	if (s->broken_frame)
		return s->nonsense;
	if (bytes[0] != 0xA5)
		return -1;
	if (size < 2)
		return 0;
	if (bytes[1] < 3)
		return -1;
	return bytes[1]; /* also when not all of it is there: the machine must wait by itself */
}

static int value_at(const uint8_t *p)
{
	return (int16_t)(uint16_t)(p[0] | p[1] << 8);
}

static enum therapy_refusal items(const uint8_t *p, const uint8_t *end, bool channels, struct therapy_out *out)
{
	uint32_t age_ms = 0;
	for (; p < end; p++) {
		size_t before = out->n_readings;
		switch (*p) {
		case 'R':
			therapy_emit(out, p[1], value_at(p + 2));
			p += 3;
			break;
		case 'Q':
			therapy_emit(out, p[1], 1);
			out->readings[before].quality = p[2];
			p += 2;
			break;
		case 'N':
			therapy_emit(out, p[1], 1);
			out->readings[before].value = (double)NAN;
			p += 1;
			break;
		case 'G':
			age_ms = (uint32_t)(p[1] | p[2] << 8);
			p += 2;
			break;
		case 'L':
			out->lost += *++p;
			break;
		case 'P':
			out->presence = (enum therapy_presence) * ++p;
			break;
		case 'Y':
			out->reply = true;
			break;
		case 'A':
			therapy_send(out, channels ? p[1] & 1 : 0, p + 1, 1);
			p += 1;
			break;
		case 'S':
			therapy_found(out, p[1], p[2]);
			p += 2;
			break;
		case 'X':
			return (enum therapy_refusal)p[1];
		case 'O':
			out->overflow = true;
			break;
		default:
			return THERAPY_REFUSED_TYPE;
		}
		if (out->n_readings > before)
			out->readings[before].age_ms = age_ms;
	}
	return THERAPY_OK;
}

static void note_time(struct fake_state *s, uint64_t now_ms)
{
	s->backward += now_ms < s->last_ms;
	s->last_ms = now_ms;
}

static enum therapy_refusal decode(void *state, const struct therapy_message *m, struct therapy_out *out)
{
	struct fake_state *s = state;
	note_time(s, m->now_ms);
	if (m->data[m->size] != 0)
		s->bad_nul++;
	uint8_t sum = 0;
	for (size_t i = 0; i + 1 < m->size; i++)
		sum = (uint8_t)(sum + m->data[i]);
	if (sum != m->data[m->size - 1])
		return THERAPY_REFUSED_CHECKSUM;
	return items(m->data + 2, m->data + m->size - 1, false, out);
}

static enum therapy_refusal decode_message(void *state, const struct therapy_message *m, struct therapy_out *out)
{
	struct fake_state *s = state;
	note_time(s, m->now_ms);
	if (m->data[m->size] != 0)
		s->bad_nul++;
	return items(m->data, m->data + m->size, true, out);
}

static int encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	struct fake_state *s = state;
	note_time(s, now_ms);
	if (s->encode_rc != 0)
		return s->encode_rc;
	uint8_t bytes[2] = {verb, (uint8_t)value};
	therapy_send(out, 0, bytes, sizeof bytes);
	return 0;
}

static int encode_message(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	int rc = encode(state, now_ms, verb, value, out);
	if (rc == 0)
		out->frames[0].channel = 1;
	return rc;
}

void fake_init(struct fake *f)
{
	*f = (struct fake){
	    .metrics =
		{{.key = "power", .min = 0, .max = 3000, .interval_ms = 100, .stale_ms = 3000, .deadband = 5},
		 {.key = "tilt",
		  .min = -180,
		  .max = 180,
		  .max_rate = 100,
		  .interval_ms = 100,
		  .stale_ms = 3000,
		  .deadband = 2},
		 {.key = "switch", .unit = THERAPY_UNIT_BOOL, .min = 0, .max = 1, .interval_ms = 100, .stale_ms = 1000},
		 {.key = "force", .min = 0, .max = 1000, .interval_ms = 100, .stale_ms = 1000}},
	    .verbs = {{"ask", THERAPY_QUERY},
		      {"off", THERAPY_STOP},
		      {"stop", THERAPY_STOP},
		      {"on", THERAPY_ACT},
		      {"renew", THERAPY_RENEW},
		      {"hello", THERAPY_QUERY},
		      {"ramp", THERAPY_STOP},
		      {"pull", THERAPY_ACT},
		      {"ask_setting", THERAPY_QUERY},
		      {"set_setting", THERAPY_RENEW}},
	    .rest = {{0, FAKE_OFF, 0}},
	    .ramp = {{0, FAKE_RAMP, 50}, {2000, FAKE_RAMP, 20}, {1000, FAKE_RAMP, 0}},
	    .stop = {{0, FAKE_STOP, 0}},
	    .controls = {{.key = "heat",
			  .type = THERAPY_SWITCH,
			  .max = 1,
			  .set = FAKE_ON,
			  .renew = FAKE_RENEW,
			  .renew_ms = 400,
			  .confirm = FAKE_POWER,
			  .rest_max = 3,
			  .confirm_ms = 2000,
			  .n_rest = 1},
			 {.key = "tension",
			  .type = THERAPY_NUMBER,
			  .min = 10,
			  .max = 200,
			  .set = FAKE_PULL,
			  .renew = THERAPY_NONE,
			  .confirm = FAKE_FORCE,
			  .rest_max = 5,
			  .confirm_ms = 1500,
			  .n_rest = 3,
			  .n_stop = 1}},
	    .channels = {{"in", THERAPY_IN}, {"out", THERAPY_OUT}},
	    .polls = {{.verb = FAKE_ASK, .every_ms = 1000, .energised_ms = 200, .reply_ms = 50},
		      {.verb = FAKE_HELLO, .every_ms = 5000}},
	    .on_connect = {FAKE_HELLO},
	    .settings =
		{{.key = "stay_off", .wanted = 1, .ask = FAKE_ASK_SETTING, .set = FAKE_SET_SETTING, .unasked = true},
		 {.key = "quiet", .wanted = 7, .ask = FAKE_ASK_SETTING, .set = FAKE_SET_SETTING}},
	    .now_ms = 1000000,
	};
	f->controls[0].rest = f->rest;
	f->controls[1].rest = f->ramp;
	f->controls[1].stop = f->stop;
	f->model = (struct therapy_model){.key = "fake",
					  .metrics = f->metrics,
					  .verbs = f->verbs,
					  .controls = f->controls,
					  .polls = f->polls,
					  .on_connect = f->on_connect,
					  .n_metrics = 4,
					  .settings = f->settings,
					  .setting_size = sizeof f->settings[0],
					  .n_verbs = 10,
					  .n_controls = 1,
					  .state_size = sizeof(struct fake_state),
					  .init = init,
					  .frame = frame,
					  .decode = decode,
					  .encode = encode};
}

void fake_init_messages(struct fake *f)
{
	fake_init(f);
	f->model.channels = f->channels;
	f->model.n_channels = 2;
	f->model.frame = NULL;
	f->model.decode = decode_message;
	f->model.encode = encode_message;
}

void fake_start(struct fake *f)
{
	struct device_config config = {.model = &f->model, .seed = 7, .rest_forward_ms = f->rest_forward_ms};
	assert_int_equal(device_new(&config, f->now_ms, &f->device), 0);
}

void fake_end(struct fake *f)
{
	if (f->device) {
		assert_int_equal(fake_state->bad_nul, 0);
		assert_int_equal(fake_state->backward, 0);
	}
	device_free(f->device);
	f->device = NULL;
}

static void step(struct fake *f, const struct device_input *in)
{
	f->out = device_step(f->device, f->now_ms, in);
}

void fake_tick(struct fake *f, uint64_t after_ms)
{
	f->now_ms += after_ms;
	fake_input(f, DEVICE_IN_TICK);
}

void fake_input(struct fake *f, enum device_input_type type)
{
	step(f, &(struct device_input){.type = type});
}

void fake_link(struct fake *f, bool up)
{
	fake_input(f, up ? DEVICE_IN_LINK_UP : DEVICE_IN_LINK_DOWN);
}

void fake_lease(struct fake *f, uint8_t control, uint64_t grant, double value, uint64_t lasts_ms)
{
	step(f, &(struct device_input){.type = DEVICE_IN_LEASE,
				       .control = control,
				       .grant = grant,
				       .value = value,
				       .expires_ms = f->now_ms + lasts_ms});
}

void fake_adopt(struct fake *f, uint8_t control, uint64_t grant, uint64_t lasts_ms)
{
	step(f, &(struct device_input){.type = DEVICE_IN_LEASE,
				       .control = control,
				       .grant = grant,
				       .value = 1,
				       .expires_ms = f->now_ms + lasts_ms,
				       .adopt = true});
}

void fake_off_test(struct fake *f, uint8_t control, uint64_t grant, uint64_t lasts_ms)
{
	step(f,
	     &(struct device_input){
		 .type = DEVICE_IN_OFF_TEST, .control = control, .grant = grant, .expires_ms = f->now_ms + lasts_ms});
}

void fake_rest(struct fake *f, uint8_t control, bool stop)
{
	step(f, &(struct device_input){.type = DEVICE_IN_REST, .control = control, .stop = stop});
}

size_t fake_pack(uint8_t *to, const void *payload, size_t size)
{
	to[0] = 0xA5;
	to[1] = (uint8_t)(size + 3);
	memcpy(to + 2, payload, size);
	uint8_t sum = 0;
	for (size_t i = 0; i < size + 2; i++)
		sum = (uint8_t)(sum + to[i]);
	to[size + 2] = sum;
	return size + 3;
}

size_t fake_pack_reading(uint8_t *to, uint8_t metric, int value)
{
	uint8_t payload[4] = {'R', metric, (uint8_t)value, (uint8_t)((unsigned)value >> 8)};
	return fake_pack(to, payload, sizeof payload);
}

static void say(struct fake *f, const void *payload, size_t size, bool retained)
{
	uint8_t bytes[300] = {0};
	struct device_input in = {.data = bytes, .retained = retained};
	if (f->model.frame) {
		in.type = DEVICE_IN_BYTES;
		in.size = fake_pack(bytes, payload, size);
	} else {
		in.type = DEVICE_IN_MESSAGE;
		in.size = size;
		memcpy(bytes, payload, size);
	}
	step(f, &in);
}

void fake_say(struct fake *f, const void *payload, size_t size)
{
	say(f, payload, size, false);
}

void fake_say_retained(struct fake *f, const void *payload, size_t size)
{
	say(f, payload, size, true);
}

void fake_reading(struct fake *f, uint8_t metric, int value)
{
	uint8_t payload[4] = {'R', metric, (uint8_t)value, (uint8_t)((unsigned)value >> 8)};
	fake_say(f, payload, sizeof payload);
}

void fake_at_rest(struct fake *f)
{
	fake_link(f, true);
	if (f->model.n_controls > 1) {
		fake_tick(f, 2000);
		fake_tick(f, 1000);
		fake_reading(f, FAKE_FORCE, 0);
		assert_int_equal(fake_state_of(f, FAKE_TENSION).phase, DEVICE_PHASE_AT_REST);
	}
	fake_reading(f, FAKE_POWER, 0);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
}

size_t fake_sent(const struct fake *f, uint8_t verb)
{
	size_t n = 0;
	for (size_t i = 0; i < f->out.n_sends; i++)
		if (f->out.sends[i].size == 2 && f->out.sends[i].data[0] == verb)
			n++;
	return n;
}

struct device_control_state fake_state_of(const struct fake *f, uint8_t control)
{
	for (size_t i = f->out.n_states; i-- > 0;)
		if (f->out.states[i].control == control)
			return f->out.states[i];
	fail_msg("no state of control %u in this step", control);
	return (struct device_control_state){0};
}

struct fake *fake_heating(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_at_rest(f);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	assert_int_equal(fake_sent(f, FAKE_ON), 1);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_ENERGISED);
	fake_reading(f, FAKE_POWER, 50);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_CONFIRMED_ON);
	return f;
}

struct fake *fake_pulling(void **state)
{
	struct fake *f = *state;
	f->model.n_controls = 2;
	fake_start(f);
	fake_at_rest(f);
	fake_lease(f, FAKE_TENSION, 1, 100, 1000);
	fake_reading(f, FAKE_FORCE, 100);
	return f;
}

void fake_assert_coming_to_rest(const struct fake *f, uint64_t grant, bool by_device, bool expired)
{
	struct device_control_state s = fake_state_of(f, FAKE_HEAT);
	assert_int_equal(s.phase, DEVICE_PHASE_COMING_TO_REST);
	assert_int_equal(s.grant, grant);
	assert_int_equal(s.ended_by_device, by_device);
	assert_int_equal(s.lease_expired, expired);
}
