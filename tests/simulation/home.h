/* SPDX-License-Identifier: Apache-2.0
 *
 * home - a whole home in simulated time: a real configuration file, the rules it names, the plugins' own tables and the
 * real core. What is played are the devices, at the level of readings and phases, and the people. A core step costs
 * less than a microsecond, so a month of evenings takes seconds.
 *
 * Time is the simulation's: nothing here reads a clock. One thread. Whatever cannot be set up ends the program with a
 * sentence: a simulation that does not run proves nothing.
 */
#ifndef SIMULATION_HOME_H
#define SIMULATION_HOME_H

#include "config/config.h"
#include "core/core.h"

struct home;

/* Called for each output of each step. */
typedef void home_watch(void *user, uint64_t now_ms, const struct core_output *output);

/* `config` is the text of a configuration; rules come from `rules` unless it names its own. The home begins at
 * `now_ms`. */
struct home *home_open(const char *config, const char *rules, const char *plugins, uint64_t now_ms);
void home_close(struct home *home);
void home_set_watch(struct home *home, home_watch *watch, void *user);

struct core *home_core(struct home *home);
const struct config *home_config(const struct home *home);
uint64_t home_now(const struct home *home);

/* Indexes by name; an unknown one ends the program. */
uint16_t home_device(const struct home *home, const char *id);
uint16_t home_metric(const struct home *home, uint16_t device, const char *key);
uint16_t home_control(const struct home *home, uint16_t device, const char *key);

/* Lets time pass to `now_ms`, stepping at each of the core's deadlines as the gateway's loop does. */
void home_pass(struct home *home, uint64_t now_ms);
void home_read(struct home *home, uint16_t device, const struct core_reading *readings, size_t n);
void home_presence(struct home *home, uint16_t device, bool present);
void home_phase(struct home *home, uint16_t device, uint16_t control, enum core_phase phase, uint64_t grant);
/* What came of the off-test that the grant was: the control goes to rest. */
void home_tested(struct home *home, uint16_t device, uint16_t control, enum core_test test, uint64_t grant);
enum core_outcome home_off_test(struct home *home, const char *device, const char *control);
/* A request as a person makes it: new, in time, without an id. The answer, with its reason in `why` if that is not
 * NULL. */
enum core_outcome home_ask(struct home *home, const char *device, const char *control, double value,
			   char why[CORE_WHY_MAX]);

#endif
