/* SPDX-License-Identifier: Apache-2.0
 *
 * probe LINK [--for TIME] [--listen-only]
 *
 * What is at the other end? Listens, at the usual rates one after the other, and lets every plugin and definition that
 * a gateway would find try what was heard; then asks, only with what models ask by anyway, never with what acts. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "link/address.h"
#include "therapy_plugin/command.h"
#include "therapy_plugin/places.h"
#include "therapy_plugin/probe_port.h"
#include "therapy_plugin/probe_try.h"

#define MATCHES_MAX   16u
#define QUESTIONS_MAX 32u
#define LISTEN_MS                                                                                                      \
	1500u            /* at each rate: an inclinometer says 15 frames in it, a gauge that speaks once a second one  \
			  */
#define REPLY_MS    400u /* a slow board at 9600 baud takes 100 ms for its hello */
#define QUIET_MS    60u  /* after which an answer is over */
#define SURE        0.75 /* of a score: then no other rate is tried */
#define WORTH       0.2  /* showing */
#define ALIKE       0.75 /* as sure as the best: shown beside it */
#define SHOWN_BYTES 32u

struct probe {
	const char *link;
	struct link_address address;
	uint64_t listen_ms;
	bool listen_only;
	struct places places;
	struct probe_match matches[MATCHES_MAX];
	size_t n_matches;
	struct probe_heard heard, best_heard; /* of now; of the rate at which it looks most like something */
	double likeness;
};

static uint32_t links_of(const struct probe *p)
{
	return link_kind_mask(p->address.kind);
}

static double best_score(const struct probe *p)
{
	return p->n_matches > 0 ? p->matches[0].score : 0;
}

/* The best first; of one model the best rate only. */
static void keep(struct probe *p, const struct probe_match *match)
{
	size_t at = 0;
	for (size_t i = 0; i < p->n_matches; i++) {
		const struct probe_match *m = &p->matches[i];
		if (strcmp(m->plugin, match->plugin) != 0 || strcmp(m->model, match->model) != 0 ||
		    strcmp(m->definition, match->definition) != 0)
			continue;
		if (m->score >= match->score)
			return;
		memmove(&p->matches[i], &p->matches[i + 1], (p->n_matches - i - 1) * sizeof *m);
		p->n_matches--;
		break;
	}
	while (at < p->n_matches && p->matches[at].score >= match->score)
		at++;
	if (at == MATCHES_MAX)
		return;
	size_t moved = (p->n_matches < MATCHES_MAX ? p->n_matches : MATCHES_MAX - 1) - at;
	memmove(&p->matches[at + 1], &p->matches[at], moved * sizeof *match);
	p->matches[at] = *match;
	p->n_matches = at + 1 + moved;
}

/* Text, or a pattern that comes again: what a line at its right rate has and noise has not. 0 to 1. */
static double likeness(const struct probe_heard *h)
{
	size_t printable = 0, same_most = 0;
	if (h->n < 16)
		return 0;
	for (size_t i = 0; i < h->n; i++)
		printable += isprint(h->bytes[i]) || h->bytes[i] == '\r' || h->bytes[i] == '\n';
	bool constant = true;
	for (size_t i = 1; i < h->n; i++)
		constant &= h->bytes[i] == h->bytes[0];
	for (size_t period = 2; period <= 64 && 2 * period < h->n; period++) {
		size_t same = 0;
		for (size_t i = 0; i + period < h->n; i++)
			same += h->bytes[i] == h->bytes[i + period];
		same = same * h->n / (h->n - period);
		same_most = same > same_most ? same : same_most;
	}
	double text = (double)printable / (double)h->n, pattern = (double)same_most / (double)h->n;
	return constant ? 0 : text > pattern ? text : pattern;
}

static void try_heard(struct probe *p)
{
	struct probe_match match;
	double like = likeness(&p->heard);
	if (p->heard.n > 0 && (like > p->likeness || p->best_heard.n == 0)) {
		p->likeness = like;
		p->best_heard = p->heard;
	}
	for (size_t i = 0; i < p->places.n && p->heard.n > 0; i++)
		if (probe_try(p->places.paths[i], links_of(p), &p->heard, &match))
			keep(p, &match);
}

/* ---- listening ---- */

static bool listen_at(struct probe *p, uint32_t baud)
{
	char text[600];
	struct str why;
	str_init(&why, text, sizeof text);
	int fd = probe_open(&p->address, baud, &why);
	if (fd < 0) {
		fprintf(stderr, "%s: %s\n", program_invocation_short_name, text);
		return false;
	}
	p->heard = (struct probe_heard){.baud = baud};
	(void)probe_listen(fd, 0, (uint32_t)p->listen_ms, 0, &p->heard);
	close(fd);
	if (baud > 0)
		printf("%u baud: %zu bytes heard\n", baud, p->heard.n);
	else
		printf("%zu bytes heard\n", p->heard.n);
	try_heard(p);
	return true;
}

static const uint32_t rates[] = {9600, 115200, 57600, 38400, 19200, 4800, 2400, 230400};

static bool listen_everywhere(struct probe *p)
{
	if (p->address.kind == LINK_TCP || p->address.baud > 0)
		return listen_at(p, p->address.baud);
	for (size_t i = 0; i < sizeof rates / sizeof *rates && best_score(p) < SURE; i++)
		if (!listen_at(p, rates[i]))
			return false;
	return true;
}

/* ---- asking ---- */

/* All questions of one model on one opening of the link. */
static void ask_model(struct probe *p, const char *path, const struct probe_question *q, size_t n)
{
	char text[600];
	struct str why;
	struct probe_match match;
	uint32_t baud = p->address.kind == LINK_TCP ? 0 : p->address.baud > 0 ? p->address.baud : q->baud;
	str_init(&why, text, sizeof text);
	int fd = probe_open(&p->address, baud, &why);
	if (fd < 0)
		return;
	p->heard = (struct probe_heard){.baud = baud};
	bool there = true;
	uint32_t at_ms = 0;
	for (unsigned round = 0; there && round < 4; round++)
		for (size_t i = 0; i < n && there; i++, at_ms += REPLY_MS)
			there = probe_write(fd, q[i].bytes, q[i].size) &&
				probe_listen(fd, at_ms + 1, REPLY_MS, QUIET_MS, &p->heard) && p->heard.n > 0;
	close(fd);
	printf("asked as %s, model %s, is asked: %zu bytes heard\n", q->plugin, q->model, p->heard.n);
	if (p->heard.n > 0 && probe_try(path, links_of(p), &p->heard, &match))
		keep(p, &match);
	else if (p->heard.n > 0)
		try_heard(p);
}

static void ask_all(struct probe *p)
{
	static struct probe_question questions[QUESTIONS_MAX];
	puts("Nothing is recognised for sure: asking now, only with what models ask by anyway.");
	for (size_t i = 0; i < p->places.n && best_score(p) < SURE; i++) {
		size_t n = probe_questions(p->places.paths[i], links_of(p), questions, QUESTIONS_MAX), to;
		for (size_t from = 0; from < n && best_score(p) < SURE; from = to) {
			for (to = from + 1; to < n && strcmp(questions[to].model, questions[from].model) == 0;)
				to++;
			ask_model(p, p->places.paths[i], &questions[from], to - from);
		}
	}
}

/* ---- what is said of it ---- */

static void print_match(const struct probe *p, const struct probe_match *m)
{
	char at[64] = "", link[400];
	if (m->baud > 0)
		snprintf(at, sizeof at, "%u baud: ", m->baud);
	printf("\n%s%s, %s %s (%llu of %llu frames%s): %s\n", at, m->definition[0] ? "generic" : m->plugin,
	       m->definition[0] ? "definition" : "model", m->definition[0] ? m->definition : m->model,
	       (unsigned long long)m->accepted, (unsigned long long)m->frames,
	       m->checked ? "" : ", without a checksum: look whether the values make sense", m->says);
	if (m->needs[0])
		printf("  These values are in a measure that was taken for granted: it must be told some of the "
		       "options %s (plugins/README.md).\n",
		       m->needs);
	snprintf(link, sizeof link, "%s", p->link);
	link[strcspn(link, "?")] = '\0';
	if (m->baud > 0)
		snprintf(link + strlen(link), sizeof link - strlen(link), "?baud=%u", m->baud);
	printf("  { id = \"%s\"; plugin = \"%s\"; %s = \"%s\";\n    link = \"%s\"; }\n",
	       m->definition[0] ? m->definition : m->plugin, m->definition[0] ? "generic" : m->plugin,
	       m->definition[0] ? "definition" : "model", m->definition[0] ? m->definition : m->model,
	       m->baud > 0 || p->address.kind == LINK_TCP ? link : p->link);
}

static void print_bytes(const struct probe *p)
{
	const struct probe_heard *h = &p->best_heard;
	size_t n = h->n < SHOWN_BYTES ? h->n : SHOWN_BYTES;
	if (h->n == 0) {
		printf("\nNothing was heard. Is it on, does it speak by itself, are RX and TX the right way round?\n");
		return;
	}
	if (h->baud > 0)
		printf("\n%zu bytes that no plugin knows; %s %u baud, they begin:\n ", h->n,
		       p->likeness >= 0.5 ? "most likely" : "perhaps", h->baud);
	else
		printf("\n%zu bytes that no plugin knows; they begin:\n ", h->n);
	for (size_t i = 0; i < n; i++)
		printf(" %02X", h->bytes[i]);
	printf("\n  ");
	for (size_t i = 0; i < n; i++)
		putchar(isprint(h->bytes[i]) ? h->bytes[i] : '.');
	printf("\nA definition may describe it (docs/generic.md); `therapy-plugin try FILE.cfg %s` shows what one "
	       "makes of it.\n",
	       p->link);
}

static int conclude(const struct probe *p)
{
	size_t shown = 0;
	for (; shown < p->n_matches && shown < 3; shown++) {
		/* what is less sure by far is chance */
		if (p->matches[shown].score < WORTH || p->matches[shown].score < p->matches[0].score * ALIKE)
			break;
		print_match(p, &p->matches[shown]);
	}
	if (shown == 0)
		print_bytes(p);
	return shown > 0 ? COMMAND_GOOD : COMMAND_FAULT;
}

/* ---- what was asked for ---- */

static bool read_options(struct probe *p, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--listen-only") == 0) {
			p->listen_only = true;
		} else if (strcmp(argv[i], "--for") == 0 && i + 1 < argc) {
			if (!command_duration(argv[i], argv[i + 1], &p->listen_ms))
				return false;
			i++;
		} else {
			command_usage("probe: found '%s', expected --for TIME or --listen-only", argv[i]);
			return false;
		}
	}
	return true;
}

static bool read_link(struct probe *p)
{
	char why[512];
	if (link_address_parse(p->link, &p->address, why, sizeof why) != 0) {
		command_usage("%s", why);
		return false;
	}
	if (p->address.kind == LINK_SERIAL || p->address.kind == LINK_TCP)
		return true;
	command_usage(
	    "probe: found '%s', expected serial:PORT or tcp://HOST:PORT; what is at the broker, `therapyctl discover` "
	    "shows",
	    p->link);
	return false;
}

int command_probe(int argc, char **argv)
{
	static struct probe p;
	if (argc < 1)
		return command_usage("probe: expected LINK, as in serial:/dev/ttyUSB0 or tcp://192.168.1.7:4196");
	p = (struct probe){.link = argv[0], .listen_ms = LISTEN_MS};
	if (!read_options(&p, argc, argv) || !read_link(&p))
		return COMMAND_USAGE;
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	places_find(&p.places);
	if (p.places.n == 0)
		command_usage("probe: there is no plugin in %s", p.places.plugins);
	bool open = listen_everywhere(&p);
	if (open && best_score(&p) < SURE && !p.listen_only)
		ask_all(&p);
	int status = open ? conclude(&p) : COMMAND_USAGE;
	places_release(&p.places);
	return status;
}
