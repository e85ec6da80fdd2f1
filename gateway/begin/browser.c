/* SPDX-License-Identifier: Apache-2.0
 *
 * The set-up asked in a browser, before there is a home: the page (page/page.h) without a core, and this program once
 * more as a child that talks with whoever is logged in there. When the home is proved, the gateway takes our place at
 * the same address, with the same token. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "begin/begin.h"
#include "page/page.h"

#define PATIENCE_S 600u

struct browser {
	const struct begin *begin;
	uv_loop_t loop;
	uv_signal_t interrupt, terminate;
	struct page *page;
	char address[CONFIG_ADDRESS_MAX];
	unsigned port;
	char token[PROPOSAL_TOKEN]; /* "": it is the configuration's */
	bool ending;                /* somebody asked it to end */
	enum talk_end end;
};

/* ---- the end ---- */

static void finish(struct browser *s)
{
	if (uv_is_closing((uv_handle_t *)&s->interrupt))
		return;
	page_close(s->page, NULL, NULL);
	uv_close((uv_handle_t *)&s->interrupt, NULL);
	uv_close((uv_handle_t *)&s->terminate, NULL);
}

static void on_set_up(void *user, enum talk_end end)
{
	struct browser *s = user;
	s->end = end;
	if (s->ending || end != TALK_STOPPED)
		finish(s);
}

/* What the child has on comes to rest first. */
static void on_signal(uv_signal_t *handle, int number)
{
	struct browser *s = handle->data;
	(void)number;
	s->ending = true;
	if (!page_cancel_setup(s->page))
		finish(s);
}

/* ---- the beginning ---- */

static void say_where_to(const struct browser *s)
{
	bool here = strncmp(s->address, "127.", 4) == 0 || strcmp(s->address, "::1") == 0;
	printf("The questions are asked at\n\n  http://%s/\n\n", s->begin->browser);
	if (!here)
		puts("from any machine of this network: whoever listens in it can read what is typed there.");
	if (s->token[0])
		printf("with this token, which the page asks for once and which goes on to be the page's:\n\n  %s\n\n",
		       s->token);
	else
		puts("with the token of the page that the configuration has.\n");
	puts("Ctrl-C ends it; until the last question is answered nothing is written.");
	fflush(stdout);
}

/* `config`: the one that is there, or NULL. */
static bool serve(struct browser *s, const struct config *config)
{
	const struct begin *b = s->begin;
	char own[PATH_MAX], listen[16], patience[16], why[512];
	size_t size = sizeof own, n = 0;
	const char *words[20];
	if (uv_exepath(own, &size) != 0)
		return false;
	snprintf(listen, sizeof listen, "%u", (unsigned)(b->listen_ms / 1000));
	snprintf(patience, sizeof patience, "%u", b->patience_s ? b->patience_s : PATIENCE_S);
	const char *const always[] = {own,        "--gateway", b->programs.gateway, "--called", b->called, "--talk",
				      "--listen", listen,      "--patience",        patience,   "-c",      b->file};
	memcpy(words, always, sizeof always);
	n = sizeof always / sizeof *always;
	if (b->broker) {
		words[n++] = "--broker";
		words[n++] = b->broker;
	}
	if (s->token[0]) {
		words[n++] = "--token-first";
		words[n++] = "--page";
		words[n++] = b->browser;
	}
	words[n] = NULL;
	const struct page_config page = {.address = s->address,
					 .port = s->port,
					 .token = s->token[0] ? s->token : config->page.token,
					 .gateway_id = config ? config->gateway_id : HOME_FILE_ID,
					 .version = THERAPY_VERSION,
					 .hazards = "[]",
					 .setup = own,
					 .setup_arguments = words,
					 .setup_first = s->token[0] ? s->token : NULL,
					 .language = b->answers.german ? LANGUAGE_DE : LANGUAGE_EN};
	const struct page_callbacks callbacks = {.user = s, .set_up = on_set_up};
	if (page_new(&s->loop, &page, &callbacks, &s->page, why, sizeof why) == 0)
		return true;
	printf("%s\n", why);
	return false;
}

/* The token of a page that is there goes on to be its; a new one has to be shown, and a log would keep it. */
static bool find_token(struct browser *s, const struct config *config)
{
	char why[128];
	if (config && config->page.enabled)
		return true;
	if (!isatty(STDOUT_FILENO)) {
		puts("Expected a terminal to show the page's token on: where output is kept, it would be, too.");
		return false;
	}
	if (proposal_token(s->token, why, sizeof why))
		return true;
	printf("%s\n", why);
	return false;
}

static struct config *read_config(const struct begin *b)
{
	struct config *config = NULL;
	struct faults faults = {0};
	const struct config_places places = {
	    .plugin_dir = b->places.plugins, .definitions = b->places.definitions, .default_rules = b->places.rules};
	if (access(b->file, F_OK) == 0 && config_load(b->file, &places, &config, &faults) != 0) {
		config_free(config); /* what is wrong is told where the questions are asked */
		config = NULL;
	}
	faults_release(&faults);
	return config;
}

static bool open_loop(struct browser *s)
{
	if (uv_loop_init(&s->loop) != 0)
		return false;
	uv_signal_init(&s->loop, &s->interrupt); /* cannot fail */
	uv_signal_init(&s->loop, &s->terminate);
	s->interrupt.data = s->terminate.data = s;
	return uv_signal_start(&s->interrupt, on_signal, SIGINT) == 0 &&
	       uv_signal_start(&s->terminate, on_signal, SIGTERM) == 0;
}

static int become_gateway(const struct begin *b)
{
	printf("The home is set up, and starts here now; Ctrl-C brings everything to rest and ends it. Later:\n"
	       "  %s run -c %s\n\n",
	       b->called, b->file);
	fflush(stdout);
	execl(b->programs.gateway, b->programs.gateway, "run", "-c", b->file, (char *)NULL);
	perror(b->programs.gateway);
	return 1;
}

int browser_run(struct begin *b)
{
	static struct browser s;
	s.begin = b;
	if (!config_page_place(b->browser, s.address, &s.port)) {
		printf("found --browser '%s', expected a numeric address and a port, like 127.0.0.1:8723\n",
		       b->browser);
		return 2;
	}
	struct config *config = read_config(b);
	bool serves = find_token(&s, config) && open_loop(&s) && serve(&s, config);
	config_free(config);
	if (!serves)
		return 1;
	say_where_to(&s);
	uv_run(&s.loop, UV_RUN_DEFAULT);
	uv_loop_close(&s.loop);
	if (s.end == TALK_START && !b->no_start && !s.ending)
		return become_gateway(b);
	if (s.end == TALK_START)
		printf("Start it: %s run -c %s\n", b->called, b->file);
	return s.ending ? 130 : 0;
}
