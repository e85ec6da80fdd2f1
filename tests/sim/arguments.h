/* SPDX-License-Identifier: Apache-2.0
 * Words of the control socket as values. Each returns 0, or WRONG and leaves *out alone. Pure. */
#ifndef SIM_ARGUMENTS_H
#define SIM_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#define WRONG (-1)

/* A finite number, with or without `unit` behind it. */
int argument_number(const char *text, const char *unit, double *out);
int argument_on_off(const char *text, bool *out);
/* "1%" or 0.01 */
int argument_chance(const char *text, double *out);
/* "3s", "250ms" */
int argument_duration(const char *text, uint64_t *out_ms);

#endif
