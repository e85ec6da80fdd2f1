/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/sat.h"

#include <picosat/picosat.h>

void sat_init(struct sat *sat)
{
	sat->solver = picosat_init();
	sat->yes = sat_new(sat);
	sat_1(sat, sat->yes);
}

void sat_release(struct sat *sat)
{
	if (sat->solver)
		picosat_reset(sat->solver);
	sat->solver = NULL;
}

int sat_new(struct sat *sat)
{
	return picosat_inc_max_var(sat->solver);
}

void sat_clause(struct sat *sat, const int *literals, size_t n)
{
	for (size_t i = 0; i < n; i++)
		picosat_add(sat->solver, literals[i]);
	picosat_add(sat->solver, 0);
}

void sat_1(struct sat *sat, int a)
{
	sat_clause(sat, (const int[]){a}, 1);
}

void sat_2(struct sat *sat, int a, int b)
{
	sat_clause(sat, (const int[]){a, b}, 2);
}

void sat_3(struct sat *sat, int a, int b, int c)
{
	sat_clause(sat, (const int[]){a, b, c}, 3);
}

int sat_and(struct sat *sat, const int *literals, size_t n)
{
	if (n == 0)
		return sat->yes;
	if (n == 1)
		return literals[0];
	int out = sat_new(sat);
	for (size_t i = 0; i < n; i++)
		sat_2(sat, -out, literals[i]);
	picosat_add(sat->solver, out);
	for (size_t i = 0; i < n; i++)
		picosat_add(sat->solver, -literals[i]);
	picosat_add(sat->solver, 0);
	return out;
}

int sat_or(struct sat *sat, const int *literals, size_t n)
{
	if (n == 0)
		return -sat->yes;
	if (n == 1)
		return literals[0];
	int out = sat_new(sat);
	for (size_t i = 0; i < n; i++)
		sat_2(sat, out, -literals[i]);
	picosat_add(sat->solver, -out);
	for (size_t i = 0; i < n; i++)
		picosat_add(sat->solver, literals[i]);
	picosat_add(sat->solver, 0);
	return out;
}

int sat_and2(struct sat *sat, int a, int b)
{
	return sat_and(sat, (const int[]){a, b}, 2);
}

int sat_or2(struct sat *sat, int a, int b)
{
	return sat_or(sat, (const int[]){a, b}, 2);
}

void sat_assume(struct sat *sat, int literal)
{
	picosat_assume(sat->solver, literal);
}

bool sat_solve(struct sat *sat)
{
	return picosat_sat(sat->solver, -1) == PICOSAT_SATISFIABLE;
}

bool sat_value(const struct sat *sat, int literal)
{
	return picosat_deref(sat->solver, literal) == 1;
}

bool sat_needed(const struct sat *sat, int assumed)
{
	return picosat_failed_assumption(sat->solver, assumed) != 0;
}
