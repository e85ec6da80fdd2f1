/* SPDX-License-Identifier: Apache-2.0
 *
 * begin - what the steps of `therapy-gateway setup` know of each other. One of it, in main.c. */
#ifndef BEGIN_BEGIN_H
#define BEGIN_BEGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "begin/ask.h"
#include "begin/files.h"
#include "begin/home_file.h"
#include "begin/place.h"
#include "begin/programs.h"
#include "begin/proposal.h"
#include "begin/seen.h"
#include "config/config.h"
#include "discover/found.h"
#include "therapy_plugin/places.h"

/* What a step says of the next: STOP when it has told why there is none. */
enum step { STEP_ON, STEP_STOP, STEP_DONE };

struct begin {
	const char *file;   /* as given */
	const char *called; /* how the person called therapy-gateway */
	const char *broker; /* to be tried first */
	const char *page;   /* address and port that it is to be served at; NULL: not asked for */
	uint64_t listen_ms;
	bool no_start;
	bool running;               /* the gateway that runs with FILE asks, in a browser, and starts anew afterwards */
	const char *browser;        /* address and port that the questions are asked at; NULL: here */
	bool token_first;           /* the page's token is chosen already, and comes before all answers */
	char token[PROPOSAL_TOKEN]; /* that; "": none */
	unsigned patience_s;        /* for an answer; 0: for ever */
	struct programs programs;
	struct places places;
	struct files files;
	char *old;             /* the configuration as it was; NULL: there was none */
	struct config *config; /* of the old one */
	struct place place;
	char password[ASK_MAX];
	bool asked_password;
	struct found_list found;
	struct seen_list seen;
	struct home_answers answers;
	struct home_change change;
	struct proposal proposal;
	bool taken;  /* it is in its place */
	bool starts; /* whoever asked the questions for us starts it now */
};

/* browser.c: has the questions asked in a browser, by a child that talks. Its exit status, or it becomes the gateway.
 */
int browser_run(struct begin *b);

/* An end of input, or Ctrl-C: STEP_STOP, and what has to be said is said at the end. */
enum step step_of(enum ask_end end);

/* broker_step.c: finds the broker, and hears what is there. */
enum step step_broker(struct begin *b);
/* ports_step.c: what speaks on serial ports. */
enum step step_ports(struct begin *b);
/* choose_step.c: shows all of it, and asks what belongs to the therapy. */
enum step step_choose(struct begin *b);
/* write_step.c: composes the configuration, checks it, shows it and what is changed on plugs, asks, writes. */
enum step step_write(struct begin *b);
/* prove_step.c: runs the off-tests of what was chosen. */
enum step step_prove(struct begin *b);
/* cover_step.c: which hazards are covered, and what would cover more. */
void cover_tell(struct json_object *check);
/* How it is started from now on; on a terminal it becomes the gateway, and does not return. */
enum step step_start(struct begin *b);

#endif
