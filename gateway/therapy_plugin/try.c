/* SPDX-License-Identifier: Apache-2.0
 *
 * try FILE.so LINK [--model M] [--option KEY=VALUE]... [--broker URL] [--seconds N]
 *
 * The way of a gateway, without the gateway: supervisor, device process, sandbox and link are the same. What is missing
 * is who could permit anything: no lease is ever sent, so the device is told to rest and asked its questions, no more.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

#include "base/clock.h"
#include "base/log.h"
#include "bluez/bluez.h"
#include "supervisor/process.h"
#include "therapy_plugin/command.h"
#include "therapy_plugin/given.h"
#include "therapy_plugin/spoken.h"

#define DEADLINE_MS     2000u
#define CLOSE_WAIT_MS   2000u
#define SECONDS_MAX     31536000u
#define ORDINARY_BROKER "mqtt://127.0.0.1:1883"

struct trial {
	uv_loop_t loop;
	uv_timer_t tick, end;
	uv_signal_t interrupt, terminate;
	struct process *process;
	struct bluez *bluez; /* of a ble: link */
	const Therapy__V1__DeviceDescription *description;
	Therapy__V1__Setup setup;
	Therapy__V1__BrokerAccount account;
	struct given given;
	struct link_address address;
	unsigned long long seconds; /* 0: until somebody ends it */
	uint64_t readings;
	bool closing;
	int status;
};

static void print_now(void)
{
	uv_timeval64_t now;
	char text[16] = "";
	if (uv_gettimeofday(&now) != 0)
		return;
	time_t seconds = (time_t)now.tv_sec;
	struct tm local;
	if (localtime_r(&seconds, &local))
		strftime(text, sizeof text, "%H:%M:%S", &local);
	printf("%s.%03d  ", text, (int)(now.tv_usec / 1000));
}

/* ---- what the device process says ---- */

static void on_described(void *user, const Therapy__V1__DeviceDescription *description)
{
	struct trial *t = user;
	t->description = description;
	printf("%s %s, model %s (%s, %s), on %s. Ctrl-C ends it.\n", description->plugin, description->plugin_version,
	       description->model, description->manufacturer, description->model_name, t->setup.link);
	process_open(t->process);
}

static void close_all(struct trial *t);

static void on_failed(void *user, const char *why)
{
	struct trial *t = user;
	fflush(stdout);
	fprintf(stderr, "therapy-plugin: %s\n", why);
	t->status = COMMAND_FAULT;
	close_all(t);
}

static enum therapy_quality quality_of(const Therapy__V1__Reading *reading)
{
	if (reading->quality == THERAPY__V1__QUALITY__QUALITY_GOOD)
		return THERAPY_GOOD;
	return reading->quality == THERAPY__V1__QUALITY__QUALITY_ERROR ? THERAPY_ERROR : THERAPY_UNKNOWN;
}

static void on_readings(void *user, uint32_t generation, const Therapy__V1__ReadingBatch *batch)
{
	struct trial *t = user;
	(void)generation;
	for (size_t i = 0; i < batch->n_readings; i++) {
		const Therapy__V1__Reading *r = batch->readings[i];
		if (r->metric >= t->description->n_metrics)
			continue;
		const Therapy__V1__MetricDescription *m = t->description->metrics[r->metric];
		const struct spoken metric = {m->key, m->words, (enum therapy_unit)(m->unit - 1), m->precision};
		char text[256];
		struct str s;
		str_init(&s, text, sizeof text);
		spoken_reading(&s, &metric, quality_of(r), r->value);
		print_now();
		puts(text);
		t->readings++;
	}
}

static void on_control(void *user, const Therapy__V1__ControlState *state)
{
	static const char *const phases[] = {"not known yet", "at rest", "coming to rest", "on", "on, confirmed"};
	struct trial *t = user;
	size_t phase = (size_t)state->phase - 1;
	if (state->control >= t->description->n_controls || phase >= sizeof phases / sizeof *phases)
		return;
	print_now();
	printf("%-16s %s%s%s\n", t->description->controls[state->control]->key, phases[phase],
	       state->foreign ? ", switched on by somebody else: it is told to rest" : "",
	       state->repeats > 0 ? ": told to rest once more, no reading proves it" : "");
}

static void on_presence(void *user, bool present)
{
	(void)user;
	print_now();
	puts(present ? "the link is up" : "the link is down");
}

static void on_kept(void *user, const Therapy__V1__KeptCommand *said)
{
	(void)user;
	if (said->payload[0] == '\0') /* nothing is kept there */
		return;
	print_now();
	printf("the broker keeps a command on %s\n", said->topic);
}

/* It is looked at and never changed: there is nobody here to remember what it was. */
static void on_setting(void *user, const Therapy__V1__SettingState *said)
{
	const struct trial *t = user;
	const Therapy__V1__SettingDescription *row = t->description->settings[said->setting];
	if (said->news != THERAPY__V1__SETTING_NEWS__SETTING_NEWS_FOUND)
		return;
	print_now();
	printf("%s on the device is %g; a gateway sets it to %g: %s\n", row->name, said->value, row->wanted,
	       row->because);
}

/* ---- its end ---- */

static void on_closed(void *user)
{
	struct trial *t = user;
	if (t->bluez)
		bluez_close(t->bluez, NULL, NULL);
	uv_close((uv_handle_t *)&t->tick, NULL);
	uv_close((uv_handle_t *)&t->end, NULL);
	uv_close((uv_handle_t *)&t->interrupt, NULL);
	uv_close((uv_handle_t *)&t->terminate, NULL);
}

static void close_all(struct trial *t)
{
	if (t->closing)
		return;
	t->closing = true;
	if (t->process)
		process_close(t->process, CLOSE_WAIT_MS, on_closed, t);
	else
		on_closed(t);
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	close_all(handle->data);
}

static void on_end(uv_timer_t *timer)
{
	close_all(timer->data);
}

static void on_tick(uv_timer_t *timer)
{
	struct trial *t = timer->data;
	process_tick(t->process, clock_boot_ms());
}

static void run(struct trial *t, const char *program)
{
	uv_loop_init(&t->loop);
	uv_timer_init(&t->loop, &t->tick);
	uv_timer_init(&t->loop, &t->end);
	uv_signal_init(&t->loop, &t->interrupt);
	uv_signal_init(&t->loop, &t->terminate);
	t->tick.data = t->end.data = t->interrupt.data = t->terminate.data = t;
	uv_signal_start(&t->interrupt, on_signal, SIGINT);
	uv_signal_start(&t->terminate, on_signal, SIGTERM);
	int error = t->address.kind == LINK_BLE ? bluez_new(&t->loop, &t->bluez) : 0;
	const struct process_config config = {.program = program,
					      .setup = &t->setup,
					      .address = t->address,
					      .bluez = t->bluez,
					      .deadline_ms = DEADLINE_MS};
	const struct process_callbacks callbacks = {t,           on_described, on_failed, on_readings, on_control,
						    on_presence, on_kept,      NULL,      on_setting,  NULL};
	if (!error)
		error = process_new(&t->loop, &config, &callbacks, &t->process);
	if (error) {
		command_usage("cannot start a device process: %s", uv_strerror(error));
		t->status = COMMAND_USAGE;
		close_all(t);
	} else {
		uv_timer_start(&t->tick, on_tick, PROCESS_TICK_MS, PROCESS_TICK_MS);
		if (t->seconds > 0)
			uv_timer_start(&t->end, on_end, t->seconds * 1000, 0);
	}
	uv_run(&t->loop, UV_RUN_DEFAULT);
	process_free(t->process);
	uv_loop_close(&t->loop);
}

/* ---- what was asked for ---- */

static bool read_options(struct trial *t, int argc, char **argv)
{
	for (int i = 2; i < argc; i += 2) {
		const char *option = argv[i];
		bool known = strcmp(option, "--model") == 0 || strcmp(option, "--option") == 0 ||
			     strcmp(option, "--broker") == 0 || strcmp(option, "--seconds") == 0;
		if (!known || i + 1 == argc) {
			command_usage("try: found '%s', expected --model M, --option KEY=VALUE, --broker URL or "
				      "--seconds N",
				      option);
			return false;
		}
		char *value = argv[i + 1];
		bool good = true;
		if (strcmp(option, "--model") == 0)
			t->setup.model = value;
		else if (strcmp(option, "--broker") == 0)
			t->account.url = value;
		else if (strcmp(option, "--seconds") == 0)
			good = command_number(option, value, SECONDS_MAX, &t->seconds);
		else
			good = given_add(&t->given, value);
		if (!good)
			return false;
	}
	return true;
}

int command_try(int argc, char **argv)
{
	static struct trial t;
	static char path[4096], program[4096], broker[] = ORDINARY_BROKER, gateway[] = "therapy-plugin",
					       device[] = "try";
	char why[512];
	size_t size = sizeof program;
	if (argc < 2)
		return command_usage("try: expected FILE.so LINK, as in my_device.so serial:/dev/ttyUSB0?baud=9600");
	t = (struct trial){.status = COMMAND_GOOD};
	t.setup = (Therapy__V1__Setup)THERAPY__V1__SETUP__INIT;
	t.account = (Therapy__V1__BrokerAccount)THERAPY__V1__BROKER_ACCOUNT__INIT;
	t.account.url = broker;
	if (!command_plugin_path(argv[0], path, sizeof path) || !read_options(&t, argc, argv))
		return COMMAND_USAGE;
	if (link_address_parse(argv[1], &t.address, why, sizeof why) != 0)
		return command_usage("%s", why);
	int error = uv_exepath(program, &size);
	if (error)
		return command_usage("cannot find this program's own file: %s", uv_strerror(error));
	t.setup.device_id = device;
	t.setup.leave_settings = true;
	t.setup.gateway_id = gateway;
	t.setup.plugin_path = command_definition() ? t.setup.plugin_path : path;
	t.setup.definition = command_definition();
	t.setup.link = argv[1];
	t.setup.options = t.given.pointers;
	t.setup.n_options = t.given.n;
	t.setup.broker = t.address.kind == LINK_MQTT ? &t.account : NULL;
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	log_set_level(LOG_WARN); /* that the link is up stands among the readings */
	run(&t, program);
	printf("%llu readings\n", (unsigned long long)t.readings);
	return t.status;
}
