/* SPDX-License-Identifier: Apache-2.0
 * A SAT solver as verify needs it: literals are ints, a negative one is the opposite, 0 ends a clause. PicoSAT does the
 * work; nothing else in the gateway sees it. Without memory it prints and aborts, which ends `verify` and nothing else.
 */
#ifndef VERIFY_SAT_H
#define VERIFY_SAT_H

#include <stdbool.h>
#include <stddef.h>

struct PicoSAT;

struct sat {
	struct PicoSAT *solver;
	int yes; /* a literal that is true */
};

void sat_init(struct sat *sat);
void sat_release(struct sat *sat);
int sat_new(struct sat *sat);
/* A clause: one of the literals is true. */
void sat_clause(struct sat *sat, const int *literals, size_t n);
void sat_1(struct sat *sat, int a);
void sat_2(struct sat *sat, int a, int b);
void sat_3(struct sat *sat, int a, int b, int c);
/* A literal that is true exactly when all are (when any is). */
int sat_and(struct sat *sat, const int *literals, size_t n);
int sat_or(struct sat *sat, const int *literals, size_t n);
int sat_and2(struct sat *sat, int a, int b);
int sat_or2(struct sat *sat, int a, int b);
/* Holds for the next solve only. */
void sat_assume(struct sat *sat, int literal);
/* Is there an assignment? */
bool sat_solve(struct sat *sat);
/* After true: what the literal is in it. */
bool sat_value(const struct sat *sat, int literal);
/* After false: was the assumption needed for that? */
bool sat_needed(const struct sat *sat, int assumed);

#endif
