/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <uv.h>

#include "base/str.h"
#include "sandbox/filter.h"
#include "sandbox/landlock.h"
#include "sandbox/limits.h"
#include "sandbox/sanitizer.h"
#include "sandbox/words.h"

#define PATHS_MAX   (64 + SANDBOX_PLUGINS_MAX)
#define DNS_PORT    53
#define STREAM_FDS  64  /* a device process has about 16 open */
#define MQTT_FDS    128 /* and Paho and a look-up some more */
#define DEVICE_FDS  4   /* each further device: its wire, timer and link, and one to spare */
#define PROGRAM_FDS 256
#define STACKS_MB   32             /* four threads, of the usual 8 MB each, little of which is ever touched */
#define LOAD_STACK  (256u * 1024u) /* constructors run on it; musl's default is half */

/* Where the loader finds libraries, by the C library's and the usual distributions' defaults. */
static const char *const libraries[] = {"/lib",
					"/lib32",
					"/lib64",
					"/usr/lib",
					"/usr/lib32",
					"/usr/lib64",
					"/usr/local/lib",
					"/nix/store",
					"/etc/ld.so.cache",
					"/etc/ld.so.preload",
					"/etc/ld-musl-x86_64.path",
					"/etc/ld-musl-aarch64.path",
					"/etc/localtime",
					"/usr/share/zoneinfo"};
/* How the C library finds a broker's address, and OpenSSL the certificates it trusts. Not /etc as a whole: passwords
 * are kept there. */
static const char *const lookups[] = {"/etc/resolv.conf",
				      "/etc/hosts",
				      "/etc/host.conf",
				      "/etc/nsswitch.conf",
				      "/etc/gai.conf",
				      "/etc/services",
				      "/etc/protocols",
				      "/run/systemd/resolve",
				      "/run/resolvconf",
				      "/run/NetworkManager",
				      "/run/connman",
				      "/tmp/resolv.conf",
				      "/tmp/resolv.conf.d",
				      "/etc/ssl/certs",
				      "/etc/ssl/cert.pem",
				      "/etc/ssl/openssl.cnf",
				      "/etc/pki/tls",
				      "/etc/pki/ca-trust",
				      "/etc/ca-certificates",
				      "/usr/share/ca-certificates",
				      "/usr/local/share/ca-certificates"};
/* What an interpreter of the system wants. */
static const char *const systems[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/nix/store"};
static const char *const settings[] = {"/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/alternatives",
				       "/etc/localtime",   "/etc/timezone",      "/etc/locale.alias",
				       "/etc/passwd",      "/etc/group",         "/etc/nsswitch.conf",
				       "/etc/python3",     "/etc/perl",          "/etc/inputrc",
				       "/etc/lua",         "/proc/self",         "/proc/cpuinfo",
				       "/proc/meminfo",    "/proc/stat",         "/sys/devices/system/cpu",
				       "/sys/fs/cgroup",   "/dev/urandom",       "/dev/random",
				       "/dev/zero"};

struct paths {
	struct landlock_path at[PATHS_MAX];
	size_t n;
};

static void add(struct paths *p, enum landlock_use use, const char *path)
{
	if (path && *path && p->n < PATHS_MAX)
		p->at[p->n++] = (struct landlock_path){path, use};
}

#define ADD_ALL(paths, use, list)                                                                                      \
	do {                                                                                                           \
		for (size_t i_ = 0; i_ < sizeof(list) / sizeof *(list); i_++)                                          \
			add(paths, use, (list)[i_]);                                                                   \
	} while (0)

struct sandbox_support sandbox_support(void)
{
	return (struct sandbox_support){.landlock = landlock_version(), .seccomp = filter_available()};
}

const char *sandbox_missing(const struct sandbox_support *support)
{
	if (!support->seccomp && !support->landlock)
		return "this kernel has neither seccomp nor Landlock: a plugin can do what the gateway's user can, and "
		       "only "
		       "its memory and its descriptors are limited (docs/sandbox.md)";
	if (!support->seccomp)
		return "this kernel has no seccomp: a plugin can start programs and open sockets; what it reads is "
		       "limited "
		       "(docs/sandbox.md)";
	if (!support->landlock)
		return "this kernel has no Landlock: while it is loaded a plugin can read what the gateway's user can, "
		       "and an "
		       "MQTT device's always (docs/sandbox.md)";
	return NULL;
}

static int failed(int error, const char *what, char *why, size_t why_size)
{
	if (error)
		snprintf(why, why_size, "cannot give up %s before a plugin's code is run: %s", what,
			 uv_strerror(error));
	return error;
}

static int no_new_privileges(char *why, size_t why_size)
{
	int error = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : uv_translate_sys_error(errno);
	return failed(error, "new privileges", why, why_size);
}

static int begin_files(const struct sandbox_config *config)
{
	struct paths paths = {.n = 0};
	for (size_t i = 0; i < config->n_plugins; i++)
		add(&paths, LANDLOCK_READ, config->plugins[i]);
	ADD_ALL(&paths, LANDLOCK_READ, libraries);
	/* Its program is older than this: it must be able to end it, and so must its own end. The filter says whom
	 * else. */
	struct landlock_rules rules = {.paths = paths.at, .signals = config->program > 0};
	const uint16_t ports[] = {config->port, DNS_PORT, config->own_port};
	if (config->kind == SANDBOX_MQTT) {
		ADD_ALL(&paths, LANDLOCK_READ, lookups);
		for (size_t i = 0; i < config->n_files; i++)
			add(&paths, LANDLOCK_READ, config->files[i]);
		rules.ports = ports;
		rules.n_ports = config->own_port ? 3 : 2;
	}
	rules.n_paths = paths.n;
	return landlock_restrict(&rules);
}

int sandbox_begin(const struct sandbox_config *config, char *why, size_t why_size)
{
	bool network = config->kind == SANDBOX_MQTT;
	size_t others = config->n_devices > 1 ? config->n_devices - 1 : 0;
	struct limits limits = {.memory_mb =
				    SANDBOX_MEMORY_MB + (network ? STACKS_MB : 0) + others * SANDBOX_DEVICE_MEMORY_MB,
				.relative = true,
				.descriptors = (network ? MQTT_FDS : STREAM_FDS) + (unsigned)others * DEVICE_FDS,
				.threads = network};
	if (config->n_plugins > SANDBOX_PLUGINS_MAX) {
		snprintf(why, why_size, "found %zu different plugins in one process, expected at most %u",
			 config->n_plugins, SANDBOX_PLUGINS_MAX);
		return UV_EINVAL;
	}
	sanitizer_confine();
	int error = no_new_privileges(why, why_size);
	if (!error)
		error = failed(limits_set(&limits), "memory and descriptors without bound", why, why_size);
	if (!error)
		error = failed(begin_files(config), "the files of others", why, why_size);
	if (!error && filter_available()) {
		error = failed(words_listen(), "a signal", why, why_size);
		if (!error)
			error = failed(filter_begin(network, config->program), "system calls", why, why_size);
	}
	return error;
}

/* ---- loading ---- */

struct load {
	void (*load)(void *user);
	void *user;
	int error;
};

static void *on_load_thread(void *data)
{
	struct load *l = data;
	l->error = filter_load();
	if (l->error == 0)
		l->load(l->user);
	return NULL;
}

int sandbox_load(const struct sandbox_config *config, void (*load)(void *user), void *user, char *why, size_t why_size)
{
	if (config->kind != SANDBOX_MQTT || !filter_available()) {
		load(user);
		return 0;
	}
	struct load l = {load, user, 0};
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, LOAD_STACK);
	int error = pthread_create(&thread, &attributes, on_load_thread, &l);
	pthread_attr_destroy(&attributes);
	if (error == 0)
		pthread_join(thread, NULL);
	else
		l.error = uv_translate_sys_error(error);
	return failed(l.error, "the network", why, why_size);
}

int sandbox_confine(const struct sandbox_config *config, char *why, size_t why_size)
{
	int error = filter_available() ? filter_confine(config->kind, config->program) : 0;
	malloc_trim(0); /* what building the filters took */
	return failed(error, "system calls", why, why_size);
}

/* ---- programs ---- */

int sandbox_enter_program(const char *program, char *why, size_t why_size)
{
	struct limits limits = {.memory_mb = sanitizer_present() ? 0 : SANDBOX_PROGRAM_MEMORY_MB,
				.descriptors = PROGRAM_FDS,
				.threads = true};
	char folder[4096];
	struct str s;
	const char *slash = strrchr(program, '/');
	str_init(&s, folder, sizeof folder);
	str_add(&s, "%.*s", slash && slash > program ? (int)(slash - program) : 0, program);
	struct paths paths = {.n = 0};
	ADD_ALL(&paths, LANDLOCK_READ_AND_RUN, systems);
	ADD_ALL(&paths, LANDLOCK_READ, settings);
	add(&paths, LANDLOCK_READ_AND_WRITE, "/dev/null");
	add(&paths, LANDLOCK_READ_AND_RUN, program);
	if (!s.overflow)
		add(&paths, LANDLOCK_READ, folder);
	struct landlock_rules rules = {.paths = paths.at, .n_paths = paths.n};
	int error = no_new_privileges(why, why_size);
	if (!error)
		error = failed(limits_set(&limits), "memory and descriptors without bound", why, why_size);
	if (!error)
		error = failed(landlock_restrict(&rules), "the files of others", why, why_size);
	if (!error && filter_available())
		error = failed(filter_program(), "system calls", why, why_size);
	return error;
}
