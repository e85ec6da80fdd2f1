/* SPDX-License-Identifier: Apache-2.0
 *
 * sandbox - what a device process gives away, so that code of a plugin's author can do no more than talk to its own
 * device. Nothing here can be taken back: every step only adds restrictions, to the calling process and to whatever it
 * starts. On the loop's thread, while it is the process's only thread.
 *
 * Three calls, in this order:
 *   sandbox_begin    after the set-up was received, before the plugin is loaded: no new privileges, resource limits,
 *                    Landlock (reads only what loading needs), and a filter that denies what reaches out: sockets,
 *                    programs, processes, threads, signals to others, other processes' memory, opening for writing.
 *   sandbox_load     loads the plugin. Its constructor can use no network, also where the process itself will.
 *   sandbox_confine  before the first function of the plugin is called: an allow-list, by the kind of the link.
 *
 * What happens to a forbidden call: one that reaches out is never made by accident, so it ends the process with SIGSYS,
 * after one line on standard error that names it ("sandbox: the plugin called socket(), ..."). Libraries do probe files
 * harmlessly (a time zone, a locale): those calls fail with EPERM; threads with EAGAIN. What the allow-list does not
 * know fails with ENOSYS, so that a newer C library takes its older way.
 *
 * A kernel without Landlock or without seccomp is no error: sandbox_support says so, for the gateway to log once.
 * Sanitizer builds: the sanitizer's own memory counts as there before (the limit is relative; a program gets none),
 * reports go to standard error, and leaks are not looked for at the end of a confined process (that needs a second
 * process and ptrace).
 *
 * Numbers: a device process holds under 2 MB; 64 MB of new memory is what no plugin needs and a small router has.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SANDBOX_MEMORY_MB         64u  /* a device process, beyond what it has when it begins */
#define SANDBOX_DEVICE_MEMORY_MB  2u   /* and for each further device that it has */
#define SANDBOX_PROGRAM_MEMORY_MB 256u /* a program (`exec`): interpreters want more */
#define SANDBOX_PLUGINS_MAX       64u  /* different ones in one process */
/* What the line on standard error begins with when a call has ended the process. */
#define SANDBOX_WORDS "sandbox: "

enum sandbox_kind {
	SANDBOX_STREAM, /* is handed its descriptor: can neither open nor socket */
	SANDBOX_MQTT    /* connects to its one broker, with Paho's threads */
};

struct sandbox_config {
	enum sandbox_kind kind;
	const char *const *plugins; /* the files that will be loaded, at most SANDBOX_PLUGINS_MAX */
	size_t n_plugins;
	size_t n_devices; /* of this process; 0 counts as 1 */
	/* MQTT: the port it connects to (Landlock since Linux 6.7), and files it reads for TLS; NULL ones are skipped.
	 */
	uint16_t port;
	uint16_t own_port; /* where it listens itself already, and will connect to; 0: nowhere */
	const char *const *files;
	size_t n_files;
	/* The child that is its plugin, which it may kill (SIGKILL, to that id alone) and wait for; 0: none. */
	pid_t program;
};

/* What this kernel can do. landlock: 0 none, else the version of its interface. */
struct sandbox_support {
	int landlock;
	bool seccomp;
};

struct sandbox_support sandbox_support(void);
/* What device processes here are not kept from, as one sentence; NULL: nothing is missing. */
const char *sandbox_missing(const struct sandbox_support *support);

/* 0, or a negative UV_E* code and a sentence in `why`: then the plugin must not be loaded. */
int sandbox_begin(const struct sandbox_config *config, char *why, size_t why_size);
/* Calls `load(user)` once, for SANDBOX_MQTT on a thread of its own that can reach no network, and waits for it. 0, or a
 * negative UV_E* code and a sentence: then it was not called. */
int sandbox_load(const struct sandbox_config *config, void (*load)(void *user), void *user, char *why, size_t why_size);
/* As sandbox_begin. */
int sandbox_confine(const struct sandbox_config *config, char *why, size_t why_size);

/* Between fork and execv of a program that speaks the wire (`exec = "..."`), before the device process itself begins:
 * no new privileges, resource limits, Landlock (reads and runs the system's programs and libraries, and reads the
 * folder of `program`; writes nothing), and a filter that lets it neither use the network, start processes (threads it
 * may), send signals nor look into other processes. Forbidden calls fail with EPERM: an interpreter then says itself
 * what it was and where. Allocates memory, so only after a fork of a process with one thread.
 * 0, or a negative UV_E* code and a sentence: then do not exec. */
int sandbox_enter_program(const char *program, char *why, size_t why_size);

#endif
