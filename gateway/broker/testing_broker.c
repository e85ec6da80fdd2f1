/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/testing_broker.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/testing.h"

static int loopback_socket(uint16_t port, struct sockaddr_in *address)
{
	*address = (struct sockaddr_in){
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	return fd;
}

/* Says "ours" of the port to the other tests, by a name that nobody else can have as long as this process lives. */
static bool reserve(uint16_t port)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int n = snprintf(a.sun_path + 1, sizeof a.sun_path - 1, "therapy-test-port-%u", port); /* abstract: no file */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	if (bind(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0)
		return true; /* and stays open */
	close(fd);
	return false;
}

static bool is_free(uint16_t port)
{
	struct sockaddr_in a;
	int fd = loopback_socket(port, &a), one = 1;
	/* Somebody who listens is in the way, and a copy of this socket in a child that was forked just now is not. */
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
	bool yes = bind(fd, (struct sockaddr *)&a, sizeof a) == 0;
	close(fd);
	return yes;
}

uint16_t testing_free_port(void)
{
	/* Below those that the kernel gives to whoever connects (ip_local_port_range). */
	enum { FIRST = 16384, PORTS = 16384 };
	unsigned start = (unsigned)getpid() * 64;
	for (unsigned i = 0; i < PORTS; i++) {
		uint16_t port = (uint16_t)(FIRST + (start + i) % PORTS);
		if (reserve(port) && is_free(port))
			return port;
	}
	fail_msg("no port is free");
	return 0;
}

static bool listens(uint16_t port)
{
	struct sockaddr_in a;
	int fd = loopback_socket(port, &a);
	bool yes = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
	close(fd);
	return yes;
}

static void write_config(const struct testing_broker *b)
{
	char path[96];
	snprintf(path, sizeof path, "%s/mosquitto.conf", b->dir);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	/* `user` counts only when the test runs as root: mosquitto would give that up and lose its key file. */
	fprintf(f, "user root\nlistener %u 127.0.0.1\nallow_anonymous true\npersistence false\nlog_dest none\n%s",
		b->port, b->extra);
	assert_int_equal(fclose(f), 0);
}

static void run(struct testing_broker *b)
{
	char config[96];
	snprintf(config, sizeof config, "%s/mosquitto.conf", b->dir);
	pid_t parent = getpid();
	b->pid = fork();
	assert_true(b->pid >= 0);
	if (b->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		int null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execlp("mosquitto", "mosquitto", "-c", config, (char *)NULL);
		execl("/usr/sbin/mosquitto", "mosquitto", "-c", config, (char *)NULL); /* not on everybody's PATH */
		_exit(127);
	}
	uint64_t deadline = clock_boot_ms() + 10000;
	while (!listens(b->port)) {
		assert_int_equal(waitpid(b->pid, NULL, WNOHANG), 0); /* it died: is mosquitto installed? */
		assert_true(clock_boot_ms() < deadline);
		poll(NULL, 0, 5);
	}
}

void testing_broker_start(struct testing_broker *b, const char *extra)
{
	testing_broker_start_at(b, 0, extra);
}

void testing_broker_start_at(struct testing_broker *b, uint16_t port, const char *extra)
{
	*b = (struct testing_broker){0};
	snprintf(b->dir, sizeof b->dir, "%s", "/tmp/therapy-broker-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->extra, sizeof b->extra, "%s", extra ? extra : "");
	b->port = port ? port : testing_free_port();
	snprintf(b->url, sizeof b->url, "mqtt://127.0.0.1:%u", b->port);
	write_config(b);
	run(b);
}

void testing_broker_start_tls(struct testing_broker *b, const char *host)
{
	*b = (struct testing_broker){0};
	snprintf(b->dir, sizeof b->dir, "%s", "/tmp/therapy-broker-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->key_file, sizeof b->key_file, "%s/key.pem", b->dir);
	snprintf(b->cert_file, sizeof b->cert_file, "%s/cert.pem", b->dir);
	snprintf(b->ca_file, sizeof b->ca_file, "%s/cert.pem", b->dir); /* self-signed: it is its own authority */
	char command[600];
	snprintf(command, sizeof command,
		 "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=%s -addext subjectAltName=DNS:%s -keyout "
		 "%s -out %s "
		 "2>/dev/null",
		 host, host, b->key_file, b->cert_file);
	assert_int_equal(system(command), 0); /* NOLINT(bugprone-command-processor): our own words */
	snprintf(b->extra, sizeof b->extra, "keyfile %s\ncertfile %s\n", b->key_file, b->cert_file);
	b->port = testing_free_port();
	snprintf(b->url, sizeof b->url, "mqtts://localhost:%u", b->port);
	write_config(b);
	run(b);
}

void testing_broker_kill(struct testing_broker *b)
{
	if (b->pid > 0) {
		kill(b->pid, SIGKILL);
		waitpid(b->pid, NULL, 0);
	}
	b->pid = 0;
}

void testing_broker_restart(struct testing_broker *b)
{
	testing_broker_kill(b);
	run(b);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st, (void)flag, (void)at;
	return remove(path);
}

void testing_broker_stop(struct testing_broker *b)
{
	testing_broker_kill(b);
	assert_int_equal(nftw(b->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- the independent client ---- */

static void on_message(struct mosquitto *mosq, void *user, const struct mosquitto_message *in,
		       const mosquitto_property *properties)
{
	(void)mosq;
	struct testing_client *c = user;
	assert_true(c->n < TESTING_MESSAGES);
	struct testing_message *m = &c->messages[c->n++];
	*m = (struct testing_message){.size = (size_t)in->payloadlen, .qos = in->qos, .retained = in->retain};
	m->topic = strdup(in->topic);
	m->payload = calloc(1, m->size + 1);
	if (m->size > 0)
		memcpy(m->payload, in->payload, m->size);
	void *correlation = NULL;
	mosquitto_property_read_string(properties, 8 /* response topic */, &m->response_topic, false);
	mosquitto_property_read_binary(properties, 9 /* correlation data */, &correlation, &m->correlation_size, false);
	m->correlation = correlation;
	mosquitto_property_read_string(properties, 3 /* content type */, &m->content_type, false);
	mosquitto_property_read_int32(properties, 2 /* message expiry */, &m->expiry_s, false);
	char *name = NULL, *value = NULL;
	const mosquitto_property *pair =
	    mosquitto_property_read_string_pair(properties, 38 /* user property */, &name, &value, false);
	while (pair && strcmp(name, "message") != 0) {
		free(name);
		free(value);
		name = value = NULL;
		pair = mosquitto_property_read_string_pair(pair, 38, &name, &value, true);
	}
	m->kind = pair ? value : NULL;
	free(name);
}

static void on_subscribe(struct mosquitto *mosq, void *user, int mid, int n, const int *granted)
{
	(void)mosq, (void)mid, (void)n, (void)granted;
	((struct testing_client *)user)->subscribed++;
}

void testing_client_open(struct testing_client *c, const struct testing_broker *broker, const char *topic)
{
	memset(c, 0, sizeof *c);
	mosquitto_lib_init();
	c->mosq = mosquitto_new(NULL, true, c);
	assert_non_null(c->mosq);
	mosquitto_int_option(c->mosq, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_int_option(c->mosq, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_message_v5_callback_set(c->mosq, on_message);
	mosquitto_subscribe_callback_set(c->mosq, on_subscribe);
	assert_int_equal(mosquitto_connect(c->mosq, "127.0.0.1", broker->port, 60), MOSQ_ERR_SUCCESS);
	if (!topic)
		return;
	uint64_t deadline = clock_boot_ms() + 5000;
	bool asked = false;
	while (c->subscribed == 0) {
		if (!asked)
			asked = mosquitto_subscribe(c->mosq, NULL, topic, 1) == MOSQ_ERR_SUCCESS;
		mosquitto_loop(c->mosq, 10, 1);
		assert_true(clock_boot_ms() < deadline);
	}
}

void testing_client_forget(struct testing_client *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->messages[i].topic);
		free(c->messages[i].payload);
		free(c->messages[i].response_topic);
		free(c->messages[i].correlation);
		free(c->messages[i].content_type);
		free(c->messages[i].kind);
	}
	c->n = 0;
}

void testing_client_close(struct testing_client *c)
{
	mosquitto_disconnect(c->mosq);
	mosquitto_loop(c->mosq, 0, 1);
	mosquitto_destroy(c->mosq);
	testing_client_forget(c);
	mosquitto_lib_cleanup();
}

void testing_client_publish(struct testing_client *c, const char *topic, const void *payload, size_t size, int qos,
			    bool retained, const char *response_topic, const char *correlation)
{
	mosquitto_property *properties = NULL;
	if (response_topic)
		assert_int_equal(mosquitto_property_add_string(&properties, 8, response_topic), 0);
	if (correlation)
		assert_int_equal(
		    mosquitto_property_add_binary(&properties, 9, correlation, (uint16_t)strlen(correlation)), 0);
	assert_int_equal(mosquitto_publish_v5(c->mosq, NULL, topic, (int)size, payload, qos, retained, properties),
			 MOSQ_ERR_SUCCESS);
	mosquitto_property_free_all(&properties);
	while (mosquitto_want_write(c->mosq))
		mosquitto_loop_write(c->mosq, 1);
}

const struct testing_message *testing_client_last(const struct testing_client *c, const char *topic)
{
	for (size_t i = c->n; i-- > 0;)
		if (strcmp(c->messages[i].topic, topic) == 0)
			return &c->messages[i];
	return NULL;
}

size_t testing_client_count(const struct testing_client *c, const char *topic)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n; i++)
		n += strcmp(c->messages[i].topic, topic) == 0;
	return n;
}

bool testing_pump(uv_loop_t *loop, struct testing_client *c, bool (*done)(void *), void *user, unsigned limit_ms)
{
	uint64_t deadline = clock_boot_ms() + limit_ms;
	while (!done(user)) {
		if (clock_boot_ms() > deadline)
			return false;
		/* Both have a descriptor to wait on: whichever speaks first ends the wait. */
		struct pollfd fds[2] = {{.fd = loop ? uv_backend_fd(loop) : -1, .events = POLLIN},
					{.fd = c ? mosquitto_socket(c->mosq) : -1, .events = POLLIN}};
		int timeout = loop ? uv_backend_timeout(loop) : 5;
		poll(fds, 2, timeout < 0 || timeout > 5 ? 5 : timeout);
		if (loop)
			uv_run(loop, UV_RUN_NOWAIT);
		if (c)
			mosquitto_loop(c->mosq, 0, 1);
	}
	return true;
}

static bool never(void *user)
{
	(void)user;
	return false;
}

void testing_pump_for(uv_loop_t *loop, struct testing_client *c, unsigned ms)
{
	testing_pump(loop, c, never, NULL, ms);
}

size_t testing_open_descriptors(void)
{
	size_t n = 0;
	DIR *dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 3; /* ".", ".." and the directory itself */
}
