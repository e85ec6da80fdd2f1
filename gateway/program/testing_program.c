/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin that is a program, for tests and for tests/bench: a lamp on lines, that does what its arguments say.
 * "decode=hang" misbehaves that way when it is asked to decode; "describe=..." and the others likewise. Without
 * arguments it is as it should be.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "therapy/v1/program.pb-c.h"
#include "wire/framing.h"

#ifdef __SANITIZE_ADDRESS__
/* At the end it would start a thread that looks into this process, which the sandbox forbids. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0:disable_coredump=0"; /* nor may it move its limits */
}
#endif

static int n_args;
static char **args;
static uint8_t in[WIRE_MESSAGE_MAX], out[WIRE_MESSAGE_MAX + WIRE_PREFIX];
static unsigned sets;

/* Is it told to do `how` when it is asked `what`? */
static bool told(const char *what, const char *how)
{
	size_t n = strlen(what);
	for (int i = 0; i < n_args; i++)
		if (strncmp(args[i], what, n) == 0 && args[i][n] == '=' && strcmp(args[i] + n + 1, how) == 0)
			return true;
	return false;
}

static void write_all(const uint8_t *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(STDOUT_FILENO, data, size);
		if (n < 0 && errno != EINTR)
			exit(4);
		data += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
}

static void read_all(uint8_t *data, size_t size)
{
	while (size > 0) {
		ssize_t n = read(STDIN_FILENO, data, size);
		if (n == 0 || (n < 0 && errno != EINTR))
			exit(0); /* nobody asks any more */
		data += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
}

static size_t pack(const Therapy__V1__FromProgram *answer)
{
	size_t size = therapy__v1__from_program__pack(answer, out + WIRE_PREFIX);
	wire_put_size(out, size);
	return size + WIRE_PREFIX;
}

static _Noreturn void hang(void)
{
	for (;;)
		pause();
}

/* What goes wrong before there is an answer. */
static void misbehave(const char *what)
{
	static const char text[] = "a line for people\n";
	if (told(what, "exit"))
		exit(7);
	if (told(what, "abort"))
		raise(SIGKILL);
	if (told(what, "hang"))
		hang();
	if (told(what, "stop"))
		raise(SIGSTOP);
	if (told(what, "print"))
		write_all((const uint8_t *)text, sizeof text - 1);
	if (told(what, "fork"))
		exit(fork() < 0 ? 11 : 12);
	if (told(what, "slow"))
		usleep(60000);
	if (told(what, "close")) {
		close(STDOUT_FILENO);
		close(STDIN_FILENO);
		hang();
	}
	if (told(what, "junk")) {
		static const uint8_t junk[] = {3, 0, 0, 0, 0xFF, 0xFF, 0xFF};
		write_all(junk, sizeof junk);
		hang();
	}
	if (told(what, "endless")) { /* within the limit, and never there */
		static const uint8_t prefix[] = {0, 0, 2, 0};
		write_all(prefix, sizeof prefix);
		hang();
	}
}

static void say(const char *what, Therapy__V1__FromProgram *answer)
{
	if (told(what, "other-call"))
		answer->call++;
	size_t size = pack(answer);
	if (told(what, "drip")) {
		for (size_t i = 0; i < size; i++) {
			write_all(out + i, 1);
			usleep(20000);
		}
		return;
	}
	if (told(what, "twice")) { /* in one piece */
		memcpy(out + size, out, size);
		size *= 2;
	}
	write_all(out, size);
	if (told(what, "then-exit"))
		exit(9);
	if (told(what, "then-print")) {
		usleep(50000);
		write_all((const uint8_t *)"hello", 5);
	}
}

/* protobuf-c's texts are not const. */
static char *text(const char *t)
{
	union {
		const char *in;
		char *out;
	} u = {t};
	return u.out;
}

static uint32_t call; /* of the question */

static Therapy__V1__FromProgram begin(void)
{
	Therapy__V1__FromProgram answer = THERAPY__V1__FROM_PROGRAM__INIT;
	answer.call = call;
	return answer;
}

static void describe(void)
{
	Therapy__V1__FromProgram answer = begin();
	Therapy__V1__MetricDescription relay = THERAPY__V1__METRIC_DESCRIPTION__INIT, temp = relay;
	relay.key = text("relay");
	relay.name = text("Relay");
	relay.unit = THERAPY__V1__UNIT__UNIT_BOOL;
	relay.max = 1;
	relay.interval_ms = 500;
	temp.key = text("temp");
	temp.name = text(told("describe", "bytes")     ? "T\xe4"
			 : told("describe", "control") ? "T\033[1m"
						       : "Temperature");
	temp.unit = THERAPY__V1__UNIT__UNIT_CELSIUS;
	temp.min = told("describe", "no-range") ? 90 : -20;
	temp.max = 80;
	temp.interval_ms = 500;
	Therapy__V1__MetricDescription *metrics[] = {&relay, &temp};

	static const char *const keys[] = {"on", "off", "keep", "ask"};
	static const Therapy__V1__VerbEffect effects[] = {
	    THERAPY__V1__VERB_EFFECT__VERB_EFFECT_ACT, THERAPY__V1__VERB_EFFECT__VERB_EFFECT_STOP,
	    THERAPY__V1__VERB_EFFECT__VERB_EFFECT_RENEW, THERAPY__V1__VERB_EFFECT__VERB_EFFECT_QUERY};
	Therapy__V1__ProgramVerb verb[4], *verbs[4];
	for (size_t i = 0; i < 4; i++) {
		verb[i] = (Therapy__V1__ProgramVerb)THERAPY__V1__PROGRAM_VERB__INIT;
		verb[i].key = text(keys[i]);
		verb[i].effect = effects[i];
		verbs[i] = &verb[i];
	}
	Therapy__V1__ProgramStep off = THERAPY__V1__PROGRAM_STEP__INIT, *rest[] = {&off};
	off.verb = text("off");
	Therapy__V1__ProgramControl light = THERAPY__V1__PROGRAM_CONTROL__INIT, *controls[] = {&light};
	light.key = text("light");
	light.name = text("Light");
	light.type = THERAPY__V1__CONTROL_TYPE__CONTROL_TYPE_SWITCH;
	light.unit = THERAPY__V1__UNIT__UNIT_BOOL;
	light.max = 1;
	light.step = 1;
	light.set = text(told("describe", "no-verb") ? "onn" : "on");
	light.renew = text("keep");
	light.renew_ms = 500;
	light.device_timer_ms = 2000;
	light.confirm = text(told("describe", "no-metric") ? "relais" : "relay");
	light.confirm_ms = 1000;
	light.n_rest = 1;
	light.rest = rest;
	Therapy__V1__ProgramPoll poll = THERAPY__V1__PROGRAM_POLL__INIT, *polls[] = {&poll};
	poll.verb = text("ask");
	poll.every_ms = 500;
	Therapy__V1__ProgramOption zero = THERAPY__V1__PROGRAM_OPTION__INIT, colour = zero,
				   *options[] = {&zero, &colour};
	zero.key = text("zero");
	zero.type = THERAPY__V1__PROGRAM_OPTION_TYPE__PROGRAM_OPTION_TYPE_NUMBER;
	zero.min = -5;
	zero.max = 5;
	zero.help = text("What it says at 0 degC");
	colour.key = text("colour");
	colour.type = THERAPY__V1__PROGRAM_OPTION_TYPE__PROGRAM_OPTION_TYPE_WORD;
	colour.words = text("red|infrared");
	colour.help = text("Of the light");
	static Therapy__V1__ProgramLink links[] = {THERAPY__V1__PROGRAM_LINK__PROGRAM_LINK_TCP,
						   THERAPY__V1__PROGRAM_LINK__PROGRAM_LINK_SERIAL};
	Therapy__V1__ProgramModel model = THERAPY__V1__PROGRAM_MODEL__INIT, *models[] = {&model};
	model.key = text("lamp");
	model.name = text("Lamp");
	model.manufacturer = text("Test");
	model.n_links = told("describe", "odd-link") ? 1 : 2;
	model.links = links;
	if (told("describe", "odd-link"))
		links[0] = (Therapy__V1__ProgramLink)77;
	model.baud = 9600;
	model.n_metrics = 2;
	model.metrics = metrics;
	model.n_verbs = 4;
	model.verbs = verbs;
	model.n_controls = 1;
	model.controls = controls;
	model.n_polls = 1;
	model.polls = polls;
	model.n_options = 2;
	model.options = options;
	if (!told("describe", "cut")) {
		model.frames_case = THERAPY__V1__PROGRAM_MODEL__FRAMES_END_WITH;
		model.end_with = '\n';
	}
	Therapy__V1__ProgramDescription description = THERAPY__V1__PROGRAM_DESCRIPTION__INIT;
	description.protocol = told("describe", "protocol") ? 2 : 1;
	description.key = text("testing");
	description.kind = text("heat");
	description.version = text("1");
	description.n_models = 1;
	description.models = models;
	answer.answer_case = THERAPY__V1__FROM_PROGRAM__ANSWER_DESCRIPTION;
	answer.description = &description;
	say("describe", &answer);
}

static void init(const Therapy__V1__ProgramInit *ask)
{
	Therapy__V1__FromProgram answer = begin();
	Therapy__V1__ProgramReady ready = THERAPY__V1__PROGRAM_READY__INIT;
	if (told("init", "refuse"))
		ready.contradiction = text("zero and colour do not go together");
	char shown[200];
	int n = snprintf(shown, sizeof shown, "%s", ask->model);
	for (size_t i = 0; i < ask->n_options; i++) {
		const Therapy__V1__ProgramOptionValue *v = ask->options[i];
		bool number = v->value_case == THERAPY__V1__PROGRAM_OPTION_VALUE__VALUE_NUMBER;
		n += snprintf(shown + n, sizeof shown - (size_t)n, number ? " %s=%.3g" : " %s=", v->key, v->number);
		if (!number)
			n += snprintf(shown + n, sizeof shown - (size_t)n, "%s", v->word);
	}
	if (told("init", "show"))
		ready.contradiction = shown;
	for (int fd = STDERR_FILENO + 1; told("init", "descriptors") && fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			ready.contradiction = text("more descriptors than standard input, output and error");
	answer.answer_case = THERAPY__V1__FROM_PROGRAM__ANSWER_READY;
	answer.ready = &ready;
	say("init", &answer);
}

static void cut(const Therapy__V1__ProgramCut *ask)
{
	Therapy__V1__FromProgram answer = begin();
	Therapy__V1__ProgramLength length = THERAPY__V1__PROGRAM_LENGTH__INIT;
	const uint8_t *end = memchr(ask->data.data, '\n', ask->data.len);
	length.length = end ? (int32_t)(end - ask->data.data) + 1 : 0;
	answer.answer_case = THERAPY__V1__FROM_PROGRAM__ANSWER_LENGTH;
	answer.length = &length;
	say("cut", &answer);
}

/* "relay temp\n" */
static void decode(const Therapy__V1__ProgramDecode *ask)
{
	Therapy__V1__FromProgram answer = begin();
	Therapy__V1__ProgramDecoded decoded = THERAPY__V1__PROGRAM_DECODED__INIT;
	Therapy__V1__ProgramReading relay = THERAPY__V1__PROGRAM_READING__INIT, temp = relay,
				    *readings[] = {&relay, &temp};
	char line[64] = "", *at = line;
	if (ask->data.len < sizeof line)
		memcpy(line, ask->data.data, ask->data.len);
	relay.metric = text(told("decode", "metric") ? "relais" : "relay");
	relay.presence_case = temp.presence_case = THERAPY__V1__PROGRAM_READING__PRESENCE_VALUE;
	relay.value = strtod(line, &at);
	if (at == line || *at != ' ') {
		decoded.refused = THERAPY__V1__REFUSAL__REFUSAL_FORMAT;
	} else if (told("decode", "refusal")) {
		decoded.refused = (Therapy__V1__Refusal)99;
	} else {
		temp.metric = text("temp");
		temp.value = strtod(at, NULL);
		temp.age_ms = 30;
		if (strchr(at, '?'))
			temp.presence_case = THERAPY__V1__PROGRAM_READING__PRESENCE__NOT_SET;
		temp.error = strchr(at, '!') != NULL;
		decoded.n_readings = 2;
		decoded.readings = readings;
		decoded.reply = true;
	}
	answer.answer_case = THERAPY__V1__FROM_PROGRAM__ANSWER_DECODED;
	answer.decoded = &decoded;
	if (told("decode", "kind")) {
		Therapy__V1__ProgramPong pong = THERAPY__V1__PROGRAM_PONG__INIT;
		answer.answer_case = THERAPY__V1__FROM_PROGRAM__ANSWER_PONG;
		answer.pong = &pong;
		say("decode", &answer);
		return;
	}
	say("decode", &answer);
}

static void encode(const Therapy__V1__ProgramEncode *ask)
{
	Therapy__V1__FromProgram answer = begin();
	static uint8_t big[600];
	char line[64];
	Therapy__V1__ProgramEncoded encoded = THERAPY__V1__PROGRAM_ENCODED__INIT;
	Therapy__V1__ProgramFrame frame = THERAPY__V1__PROGRAM_FRAME__INIT, *frames[] = {&frame};
	bool off = strcmp(ask->verb, "off") == 0;
	/* what stops it may depend on how often it was switched on */
	int n = off ? snprintf(line, sizeof line, "off %u\n", sets) : snprintf(line, sizeof line, "%s\n", ask->verb);
	frame.data = (ProtobufCBinaryData){.len = (size_t)n, .data = (uint8_t *)line};
	if (told("encode", "channel"))
		frame.channel = 3;
	if (told("encode", "big"))
		frame.data = (ProtobufCBinaryData){.len = sizeof big, .data = big};
	encoded.n_frames = 1;
	encoded.frames = frames;
	if (off && (told("off", "nothing") || (sets > 0 && told("off", "once"))))
		encoded.n_frames = 0;
	encoded.refused = off && told("off", "refuse");
	if (strcmp(ask->verb, "on") == 0)
		sets++;
	answer.answer_case = THERAPY__V1__FROM_PROGRAM__ANSWER_ENCODED;
	answer.encoded = &encoded;
	say(ask->verb, &answer);
}

static void answer_one(const Therapy__V1__ToProgram *ask)
{
	static const char *const names[] = {"", "", "describe", "init", "cut", "decode", "encode", "ping"};
	Therapy__V1__FromProgram answer;
	Therapy__V1__ProgramPong pong = THERAPY__V1__PROGRAM_PONG__INIT;
	call = ask->call;
	answer = begin();
	misbehave(names[ask->ask_case]);
	switch (ask->ask_case) {
	case THERAPY__V1__TO_PROGRAM__ASK_DESCRIBE:
		describe();
		break;
	case THERAPY__V1__TO_PROGRAM__ASK_INIT:
		init(ask->init);
		break;
	case THERAPY__V1__TO_PROGRAM__ASK_CUT:
		cut(ask->cut);
		break;
	case THERAPY__V1__TO_PROGRAM__ASK_DECODE:
		decode(ask->decode);
		break;
	case THERAPY__V1__TO_PROGRAM__ASK_ENCODE:
		misbehave(ask->encode->verb);
		encode(ask->encode);
		break;
	case THERAPY__V1__TO_PROGRAM__ASK_PING:
		answer.answer_case = THERAPY__V1__FROM_PROGRAM__ANSWER_PONG;
		answer.pong = &pong;
		say("ping", &answer);
		break;
	case THERAPY__V1__TO_PROGRAM__ASK__NOT_SET:
	default:
		exit(5);
	}
}

int main(int argc, char **argv)
{
	n_args = argc - 1;
	args = argv + 1;
	for (;;) {
		uint8_t prefix[WIRE_PREFIX];
		read_all(prefix, sizeof prefix);
		size_t size = wire_get_size(prefix);
		if (size > sizeof in)
			exit(6);
		read_all(in, size);
		Therapy__V1__ToProgram *ask = therapy__v1__to_program__unpack(NULL, size, in);
		if (!ask)
			exit(6);
		answer_one(ask);
		therapy__v1__to_program__free_unpacked(ask, NULL);
	}
}
