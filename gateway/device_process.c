/* SPDX-License-Identifier: Apache-2.0 */
#include "device_process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/str.h"
#include "description.h"
#include "device/device.h"
#include "from_gateway.h"
#include "link/address.h"
#include "link/mqtt_link.h"
#include "link/packets.h"
#include "link/stream.h"
#include "loop/boot_timer.h"
#include "plugin_source.h"
#include "tap.h"
#include "therapy/v1/wire.pb-c.h"
#include "wire/wire.h"

/* What was sent last leaves the buffers, and a TCP peer has read it before it hears that we are gone. */
#define LINGER_MS 200u
/* Bytes that a program is asked about in a turn, for it has 200 ms: 128 of the shortest lines, 1.5 ms for each. */
#define PROGRAM_READ_MAX 512u

struct device_process {
	uv_loop_t *loop;
	struct device_process_callbacks callbacks;
	struct to_gateway to;
	struct boot_timer timer;
	uv_timer_t linger;
	Therapy__V1__Setup *setup; /* a copy of its own */
	struct plugin_source plugin;
	const struct therapy_model *model;
	struct therapy_value *options;
	struct link_address address;
	struct device *device;
	struct stream *stream;
	struct mqtt_link *mqtt;
	struct tap tap;
	struct therapy_frame will;
	char client[2 * ID_MAX + 16]; /* "therapy.<gateway>.<device>": its name at the broker; ids hold no dot, so none
					 is like another */
	char *unusable;               /* why its plugin cannot be used */
	bool link_up, absent, said_up, orphaned, leaving, write_failed, stuck, program_over, failed;
};

/* The device is there when its link is up and it did not say that it left (an MQTT device's own last will). */
static void say_link(struct device_process *p, const char *why)
{
	bool up = p->link_up && !p->absent;
	if (up == p->said_up)
		return;
	p->said_up = up;
	to_gateway_link(&p->to, up, why);
}

/* ---- the machine ---- */

static void leave(struct device_process *p);
static void on_stream_lost(void *user, const char *why);
static void on_program_over(void *user);
static void on_linger(uv_timer_t *linger);

static bool on_tapped(void *user, const struct tap_piece *piece)
{
	return to_gateway_traffic(user, piece);
}

/* What a recording calls the place of a message; NULL: bytes have none. */
static const char *channel_address(const struct device_process *p, uint8_t channel)
{
	return !p->model->frame && channel < p->model->n_channels ? p->model->channels[channel].address : NULL;
}

static void tap_input(struct device_process *p, uint64_t now_ms, const struct device_input *input)
{
	bool message = input->type == DEVICE_IN_MESSAGE;
	if (!p->tap.on || (input->type != DEVICE_IN_BYTES && (!message || input->channel >= p->model->n_channels)))
		return;
	tap_take(&p->tap, clock_boot_ms(),
		 &(struct tap_piece){.at_ms = now_ms,
				     .retained = message && input->retained,
				     .address = message ? channel_address(p, input->channel) : NULL,
				     .data = input->data,
				     .size = input->size});
}

static void send_frames(struct device_process *p, const struct device_outputs *out)
{
	for (size_t i = 0; i < out->n_sends; i++) {
		const struct device_send *s = &out->sends[i];
		int error = UV_ENOTCONN;
		if (p->stream && p->address.kind == LINK_BLE)
			error = packets_send(p->stream, s->channel, s->data, s->size);
		else if (p->stream)
			error = stream_write(p->stream, s->data, s->size);
		else if (p->mqtt)
			error = mqtt_link_send(p->mqtt, s->channel, s->effect, s->data, s->size);
		if (error &&
		    !p->write_failed) /* once until one goes through; the machine repeats what was not confirmed */
			log_warn(p->setup->device_id, "the link does not take what is sent: %s", uv_strerror(error));
		p->write_failed = error != 0;
		if (!error)
			tap_take(&p->tap, clock_boot_ms(),
				 &(struct tap_piece){.at_ms = clock_boot_ms(),
						     .sent = true,
						     .address = channel_address(p, s->channel),
						     .data = s->data,
						     .size = s->size});
		p->stuck |= error == UV_ENOBUFS && p->stream;
	}
}

static void linger(struct device_process *p)
{
	if (uv_is_active((uv_handle_t *)&p->linger))
		return;
	uv_update_time(p->loop); /* a program may have been waited for since it was taken */
	uv_timer_start(&p->linger, on_linger, LINGER_MS, 0);
}

static void step(struct device_process *p, uint64_t now_ms, const struct device_input *input)
{
	if (p->plugin.program)
		program_turn(p->plugin.program);
	tap_input(p, now_ms, input);
	struct device_outputs out = device_step(p->device, now_ms, input);
	send_frames(p, &out);
	to_gateway_readings(&p->to, &out);
	if (out.presence != THERAPY_PRESENCE_SAME)
		p->absent = out.presence == THERAPY_ABSENT;
	say_link(p, "the device said that it left the broker");
	for (size_t i = 0; i < out.n_states; i++)
		to_gateway_control(&p->to, &out.states[i]);
	to_gateway_settings(&p->to, &out);
	boot_timer_set(&p->timer, device_deadline(p->device));
	if (p->stuck) {
		/* Nothing can be told to a device that takes no bytes: the link is as good as lost, and a new one may
		 * not be. */
		p->stuck = false;
		on_stream_lost(p, "the device takes no bytes");
		return;
	}
	if (p->orphaned && device_idle(p->device))
		leave(p);
	else if (p->program_over && device_told(p->device) && !p->leaving)
		linger(p);
	else if (!p->program_over && p->plugin.program && program_fault(p->plugin.program))
		on_program_over(p);
}

/* The program that is this device's plugin is dead. Nothing can be read any more, so no reading will prove rest; but
 * the ways there lie ready, and whoever is started next asks for the proof. */
static void on_program_over(void *user)
{
	struct device_process *p = user;
	if (p->program_over || p->leaving)
		return;
	p->program_over = p->failed = true;
	log_error(p->setup->device_id, "%s; going to rest, then starting anew", program_fault(p->plugin.program));
	struct device_input input = {.type = DEVICE_IN_ORPHANED};
	step(p, clock_boot_ms(), &input);
}

static void on_linger(uv_timer_t *linger)
{
	leave(linger->data);
}

static void on_deadline(void *user)
{
	struct device_input input = {.type = DEVICE_IN_TICK};
	step(user, clock_boot_ms(), &input);
}

void device_process_tick(struct device_process *p)
{
	if (!p->device || p->leaving)
		return;
	if (p->plugin.program) {
		program_turn(p->plugin.program);
		program_idle(p->plugin.program);
		if (program_fault(p->plugin.program))
			on_program_over(p);
	}
	to_gateway_counters(&p->to, device_counters(p->device));
	tap_tick(&p->tap, clock_boot_ms());
}

/* ---- the link ---- */

static void link_changed(struct device_process *p, bool up, const char *why)
{
	p->link_up = up;
	if (!up)
		p->absent = false;
	struct device_input input = {.type = up ? DEVICE_IN_LINK_UP : DEVICE_IN_LINK_DOWN};
	if (!up)
		say_link(p, why); /* first: what follows is about a link that is gone */
	step(p, clock_boot_ms(), &input);
}

static void on_bytes(void *user, uint64_t now_ms, const uint8_t *data, size_t size)
{
	struct device_input input = {.type = DEVICE_IN_BYTES, .data = data, .size = size};
	step(user, now_ms, &input);
}

/* A message of a recording. From an address that the model does not have it is counted by the machine, and no more. */
static void on_recorded(void *user, uint64_t now_ms, const char *address, const uint8_t *data, size_t size,
			bool retained)
{
	struct device_process *p = user;
	struct device_input input = {.type = DEVICE_IN_MESSAGE,
				     .data = data,
				     .size = size,
				     .channel = description_channel(p->model, address),
				     .retained = retained};
	step(p, now_ms, &input);
}

static void on_stream_lost(void *user, const char *why)
{
	struct device_process *p = user;
	if (!p->stream)
		return;
	stream_close(p->stream, NULL, NULL);
	p->stream = NULL;
	link_changed(p, false, why);
}

static void on_mqtt_up(void *user)
{
	link_changed(user, true, "");
}

static void on_mqtt_down(void *user, const char *why)
{
	link_changed(user, false, why);
}

static void on_mqtt_message(void *user, uint64_t now_ms, uint8_t channel, const uint8_t *data, size_t size,
			    bool retained)
{
	struct device_input input = {
	    .type = DEVICE_IN_MESSAGE, .data = data, .size = size, .channel = channel, .retained = retained};
	step(user, now_ms, &input);
}

static void on_packet(void *user, uint64_t now_ms, uint8_t channel, const uint8_t *data, size_t size)
{
	on_mqtt_message(user, now_ms, channel, data, size, false);
}

static void on_mqtt_kept(void *user, const struct mqtt_link_kept *kept)
{
	struct device_process *p = user;
	to_gateway_kept(&p->to, kept);
}

static const char *given(const char *text)
{
	return *text ? text : NULL;
}

static void open_mqtt(struct device_process *p)
{
	if (p->mqtt || !p->setup->broker)
		return;
	const Therapy__V1__BrokerAccount *account = p->setup->broker;
	struct mqtt_link_config config = {
	    .broker = {.url = account->url,
		       .username = given(account->username),
		       .password = given(account->password),
		       .ca_file = given(account->ca_file),
		       .cert_file = given(account->cert_file),
		       .key_file = given(account->key_file),
		       .protocol =
			   account->protocol <= BROKER_MQTT_311 ? (enum broker_protocol)account->protocol : BROKER_AUTO,
		       .keep_alive_s = account->keep_alive_s},
	    .client = p->client,
	    .name = p->address.place,
	    .model = p->model,
	    .clear_kept = p->setup->clear_kept_commands,
	    .will = device_will(p->device, &p->will) ? &p->will : NULL,
	};
	struct mqtt_link_callbacks callbacks = {p, on_mqtt_up, on_mqtt_down, on_mqtt_message, on_mqtt_kept};
	int error = mqtt_link_new(p->loop, &config, &callbacks, &p->mqtt);
	if (error)
		log_error(p->setup->device_id, "cannot use the broker %s: %s", account->url, uv_strerror(error));
}

static void open_stream(struct device_process *p, int fd)
{
	if (p->stream || fd < 0) {
		close(fd); /* or there is none */
		return;
	}
	struct stream_callbacks callbacks = {p, on_bytes, on_stream_lost, on_recorded, on_packet};
	int error = p->address.kind == LINK_REPLAY
			? stream_new_replay(p->loop, fd, p->address.speed, &callbacks, &p->stream)
		    : p->address.kind == LINK_BLE ? packets_new(p->loop, fd, &callbacks, &p->stream)
						  : stream_new(p->loop, fd, &callbacks, &p->stream);
	if (error) {
		close(fd);
		log_error(p->setup->device_id, "cannot use the link: %s", uv_strerror(error));
		return;
	}
	if (p->plugin.program)
		stream_hand_on(p->stream, PROGRAM_READ_MAX);
	link_changed(p, true, "");
}

/* ---- set-up ---- */

/* Says that it cannot be used, and is over. */
static void fail(struct device_process *p, char *why)
{
	to_gateway_failure(&p->to, why);
	p->failed = true;
	leave(p);
}

bool device_process_begin(struct device_process *p, struct confinement_device *out)
{
	char text[1024], all[2048];
	struct str why;
	str_init(&why, all, sizeof all);
	if (!p->setup || p->leaving)
		return false;
	if (link_address_parse(p->setup->link, &p->address, text, sizeof text) != 0)
		str_add(&why, "%s", text);
	else if (plugin_source_start(&p->plugin, p->setup, p->callbacks.waiting, p->callbacks.user, &why)) {
		*out = (struct confinement_device){p->setup, p->address.kind,
						   p->plugin.program ? program_pid(p->plugin.program) : 0};
		return true;
	}
	fail(p, all);
	return false;
}

void device_process_open(struct device_process *p)
{
	char text[2048];
	struct str why;
	str_init(&why, text, sizeof text);
	if (!plugin_source_open(&p->plugin, p->setup, &why))
		p->unusable = strdup(text);
}

/* A calibration that an earlier plugin made, and this one cannot take, must not keep the device from running: it is
 * just not calibrated. */
static void take_remembered(struct device_process *p)
{
	char text[512];
	struct str why;
	str_init(&why, text, sizeof text);
	if (!description_remembered(p->model, p->setup, p->options, &why))
		log_warn(p->setup->device_id, "what its calibration found is not used: %s", text);
}

static bool prepare(struct device_process *p, struct str *why)
{
	const Therapy__V1__Setup *s = p->setup;
	if (!p->plugin.file) {
		str_add(why, "%s", p->unusable ? p->unusable : uv_strerror(UV_ENOMEM));
		return false;
	}
	p->model = plugin_file_model(p->plugin.file, s->model);
	if (!p->model) {
		description_no_model(plugin_file_plugin(p->plugin.file), s->model, why);
		return false;
	}
	if (!(p->model->links & link_kind_mask(p->address.kind))) {
		str_add(why, "model %s cannot be reached by the link %s", p->model->key, s->link);
		return false;
	}
	struct str client;
	str_init(&client, p->client, sizeof p->client);
	str_add(&client, "therapy.%s.%s", s->gateway_id, s->device_id);
	if (!description_options(p->model, s, p->client, &p->options, why))
		return false;
	take_remembered(p);
	uint32_t seed = 0;
	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
		seed = (uint32_t)clock_boot_us();
	struct device_config config = {.model = p->model,
				       .options = p->options,
				       .seed = seed,
				       .rest_forward_ms = s->quiet_ms,
				       .leave_settings = s->leave_settings,
				       .only_cuts = s->only_cuts};
	int error = device_new(&config, clock_boot_ms(), &p->device);
	const char *fault = p->plugin.program ? program_fault(p->plugin.program) : NULL;
	if (error && fault)
		str_add(why, "%s", fault);
	else if (error == UV_EINVAL)
		description_refused_options(p->model, p->options, why);
	else if (error)
		str_add(why, "%s", uv_strerror(error));
	if (error || !p->plugin.program)
		return error == 0;
	error = program_watch(p->plugin.program, p->loop, on_program_over, p);
	if (error)
		str_add(why, "program %s cannot be watched: %s", s->program, uv_strerror(error));
	return error == 0;
}

static void on_setup(struct device_process *p, const uint8_t *data, size_t size)
{
	if (p->setup)
		return;
	Therapy__V1__ToDevice *copy = therapy__v1__to_device__unpack(NULL, size, data);
	if (!copy) {
		leave(p);
		return;
	}
	p->setup = copy->setup;
	p->to.name = p->setup->device_id;
	p->tap.user = &p->to;
	p->tap.give = on_tapped;
	copy->body_case = THERAPY__V1__TO_DEVICE__BODY__NOT_SET;
	copy->setup = NULL;
	therapy__v1__to_device__free_unpacked(copy, NULL);
	p->callbacks.set_up(p->callbacks.user);
}

void device_process_start(struct device_process *p, const char *why_not)
{
	char text[2048];
	struct str why;
	str_init(&why, text, sizeof text);
	if (why_not)
		str_add(&why, "%s", why_not);
	if (why_not || !prepare(p, &why)) {
		fail(p, text);
		return;
	}
	Therapy__V1__DeviceDescription *description =
	    description_new(p->setup, plugin_file_plugin(p->plugin.file), p->model);
	if (!description) {
		p->failed = true;
		leave(p);
		return;
	}
	to_gateway_description(&p->to, description);
	description_free(description);
	if (p->setup->describe_only)
		leave(p);
}

static void on_wire_message(void *user, const uint8_t *data, size_t size)
{
	struct device_process *p = user;
	Therapy__V1__ToDevice *m = therapy__v1__to_device__unpack(wire_allocator(p->to.wire), size, data);
	if (!m || p->leaving)
		return;
	if (m->body_case == THERAPY__V1__TO_DEVICE__BODY_PING) {
		to_gateway_pong(&p->to, m->ping->nonce);
		return;
	}
	if (m->body_case == THERAPY__V1__TO_DEVICE__BODY_SETUP) {
		on_setup(p, data, size);
		return;
	}
	if (!p->device)
		return;
	if (m->body_case == THERAPY__V1__TO_DEVICE__BODY_OPEN) {
		if (p->address.kind == LINK_MQTT)
			open_mqtt(p);
		else
			open_stream(p, wire_take_fd(p->to.wire));
		return;
	}
	if (m->body_case == THERAPY__V1__TO_DEVICE__BODY_RECORD) {
		tap_set(&p->tap, m->record->on, clock_boot_ms());
		if (m->record->on) { /* what is said at a connect belongs to a recording, and this one begins later */
			struct device_input ask = {.type = DEVICE_IN_ASK};
			step(p, clock_boot_ms(), &ask);
		}
		return;
	}
	struct device_input input;
	struct device_setting_was was[DEVICE_SETTINGS_MAX];
	if (from_gateway_order(m, p->model, was, &input))
		step(p, clock_boot_ms(), &input);
}

static void on_wire_lost(void *user, const char *why)
{
	struct device_process *p = user;
	wire_close(p->to.wire, NULL, NULL);
	p->to.wire = NULL;
	p->orphaned = true;
	if (!p->device) {
		leave(p);
		return;
	}
	log_debug(p->setup->device_id, "the gateway is gone (%s): going to rest", why);
	struct device_input input = {.type = DEVICE_IN_ORPHANED};
	step(p, clock_boot_ms(), &input);
}

/* ---- the end ---- */

static void leave(struct device_process *p)
{
	if (p->leaving)
		return;
	p->leaving = true;
	if (p->to.wire)
		wire_close(p->to.wire, NULL, NULL);
	p->to.wire = NULL;
	if (p->stream)
		stream_close(p->stream, NULL, NULL);
	p->stream = NULL;
	if (p->mqtt)
		mqtt_link_close(p->mqtt, NULL, NULL);
	p->mqtt = NULL;
	boot_timer_close(&p->timer, NULL);
	if (p->plugin.program)
		program_unwatch(p->plugin.program);
	uv_close((uv_handle_t *)&p->linger, NULL);
	if (!p->setup)
		p->callbacks.set_up(p->callbacks.user);
	p->callbacks.left(p->callbacks.user, p->failed);
}

int device_process_new(uv_loop_t *loop, int fd, struct to_gateway_batch *batch,
		       const struct device_process_callbacks *callbacks, struct device_process **out)
{
	struct device_process *p = calloc(1, sizeof *p);
	if (!p)
		return UV_ENOMEM;
	p->loop = loop;
	p->callbacks = *callbacks;
	p->to.batch = batch;
	const struct wire_callbacks wire = {p, on_wire_message, on_wire_lost};
	int error = boot_timer_init(loop, &p->timer, p, on_deadline);
	if (!error)
		error = wire_new(loop, fd, &wire, &p->to.wire);
	if (error) {
		free(p); /* with the timer's handle, if there is one: a process that cannot begin ends at once */
		return error;
	}
	uv_timer_init(loop, &p->linger); /* cannot fail */
	p->linger.data = p;
	*out = p;
	return 0;
}

void device_process_free(struct device_process *p)
{
	device_free(p->device);
	free(p->options);
	free(p->unusable);
	plugin_source_close(&p->plugin);
	if (p->setup)
		therapy__v1__setup__free_unpacked(p->setup, NULL);
	free(p);
}
