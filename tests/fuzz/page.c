/* SPDX-License-Identifier: Apache-2.0
 * What the page makes of any request: an input is its method, path, headers, peer and body, one line each but for the
 * body; it goes through routes, logins, the marks of another page and the JSON of what is asked, to a real core. What
 * must not be: whoever is not logged in changes anything but by STOP, or a reply that says nothing. */
#include <stdlib.h>
#include <string.h>

#include "page/page_inside.h"
#include "tell/tell.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define TOKEN "0123456789abcdef"

static const struct core_metric metrics[] = {{.key = "power", .unit = THERAPY_UNIT_WATT, .stale_ms = 1000}};
static const struct core_control controls[] = {
    {.key = "heat", .min = 0, .max = 1, .step = 1, .rest_max = 3, .unit = THERAPY_UNIT_BOOL}};
static const struct core_device devices[] = {
    {.id = "pad", .kind = "heat", .metrics = metrics, .n_metrics = 1, .controls = controls, .n_controls = 1}};

static struct core *core;
static unsigned asked; /* of the core by this request, but for STOP */

static const struct core *core_now(void *user)
{
	(void)user;
	return core;
}

static void on_request(void *user, const struct core_request *request)
{
	struct page *p = user;
	struct core_input input = {.type = CORE_IN_REQUEST, .request = *request};
	asked += request->verb != CORE_STOP;
	struct core_outputs out = core_step(core, 1000, &input);
	for (size_t i = 0; i < out.n; i++)
		if (out.items[i].type == CORE_OUT_RESULT && p->answer) {
			tell_put_bool(p->answer, "ok", out.items[i].outcome == CORE_ACCEPTED);
			tell_put(p->answer, "reason", out.items[i].why);
			p->answer = NULL;
		}
}

static void on_adjust(void *user, const struct page_adjust *order, struct json_object *answer)
{
	(void)user;
	asked++;
	tell_put_bool(answer, "ok", order->session == 1);
}

static const char *on_course_asked(void *user, const char *what, const char *value)
{
	(void)user;
	asked++;
	return strcmp(what, value) == 0 ? NULL : "they differ";
}

static int on_connected(void *user)
{
	(void)user;
	return -1;
}

static void on_label(void *user, enum page_thing thing, uint16_t device, uint16_t index, struct page_label *out)
{
	(void)user, (void)thing, (void)device, (void)index, (void)out;
}

static void on_talk(void *user)
{
	(void)user;
	asked++;
}

static struct page *page(void)
{
	static struct page p;
	static uv_loop_t loop;
	static char html[] = "<p>", ingress[] = "172.30.32.2", id[] = "home";
	const struct core_spec spec = {.devices = devices, .n_devices = 1, .lease_ms = 1000, .renew_ms = 250};
	struct faults faults = {0};
	if (core)
		return &p;
	if (core_new(&spec, 1000, &core, &faults) != 0 || uv_loop_init(&loop) != 0 ||
	    !login_init(&p.login, TOKEN, "home"))
		abort();
	p.callbacks = (struct page_callbacks){.user = &p,
					      .core = core_now,
					      .request = on_request,
					      .adjust = on_adjust,
					      .course_asked = on_course_asked,
					      .connected = on_connected,
					      .label = on_label};
	p.show = (struct show){.user = &p, .label = on_label};
	p.loop = &loop;
	p.html = html;
	p.html_size = sizeof html - 1;
	p.ingress = ingress;
	p.gateway_id = p.version = id;
	p.n_devices = core_n_devices(core);
	p.touched = calloc(p.n_devices, sizeof *p.touched);
	p.history = history_new();
	static const char *const words[] = {"/nonexistent", NULL};
	const struct talk_config talk = {.program = words[0], .arguments = words};
	const struct talk_callbacks callbacks = {.user = &p, .changed = on_talk};
	p.talk = talk_new(&loop, &talk, &callbacks);
	uv_timer_init(&loop, &p.flush);
	uv_timer_init(&loop, &p.beat);
	p.flush.data = p.beat.data = &p;
	p.board = board_new(8 + p.n_devices);
	return &p;
}

/* The next line, in place; NULL: there is none. An empty one is a header that was not sent. */
static const char *line(char **rest)
{
	char *from = *rest, *end = from ? strchr(from, '\n') : NULL;
	*rest = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return from && *from ? from : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct page *p = page();
	struct http_reply reply = {0};
	char *text = malloc(size + 1), *rest = text;
	memcpy(text, bytes, size);
	text[size] = '\0';
	const char *method = line(&rest), *path = line(&rest);
	struct request r = {.method = method ? method : "", .path = path ? path : ""};
	const char **const headers[] = {&r.cookie,     &r.mark,         &r.host,           &r.origin,
					&r.fetch_site, &r.ingress_path, &r.forwarded_host, &r.peer};
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		*headers[i] = line(&rest);
	r.peer = r.peer ? r.peer : "somebody";
	r.body = rest ? rest : "";
	r.size = rest ? (size_t)(text + size - rest) : 0; /* as it came, a NUL in it is a part of it */
	if (r.size > REQUEST_BODY_MAX) {
		free(text);
		return 0;
	}
	asked = 0;
	p->tries = (struct login_tries){0};
	answers_answer(p, &r, &reply);
	bool known = (r.ingress_path && strcmp(r.peer, p->ingress) == 0) || login_valid(&p->login, 0, r.cookie);
	if (reply.status == 0 || (asked > 0 && !known) || (reply.cookie[0] && reply.status != 200))
		abort();
	free(reply.owned);
	free(text);
	return 0;
}
