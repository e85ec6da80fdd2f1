/* SPDX-License-Identifier: Apache-2.0
 *
 * survey - what was found, as rows to choose from: which of it this installation can drive, what the configuration has
 * already, and who listens at a serial port. Says nothing to anybody; reads folders. One thread. */
#ifndef BEGIN_SURVEY_H
#define BEGIN_SURVEY_H

#include "begin/programs.h"
#include "begin/seen.h"
#include "config/config.h"
#include "therapy_plugin/places.h"

enum { SURVEY_PORTS_MAX = 8 };

struct survey_ports {
	char path[SURVEY_PORTS_MAX][PATH_MAX];
	size_t n;
};

enum survey_port { SURVEY_FOUND, SURVEY_SILENT /* nothing known speaks there */, SURVEY_LEFT /* another program's */ };

/* The serial ports of this machine that the configuration (or NULL) does not have. */
void survey_ports(struct survey_ports *out, const struct config *config);
/* Listens there, and sends nothing; a row if something known speaks. May take a minute. */
enum survey_port survey_listen(struct seen_list *list, const struct programs *programs, const char *path);
/* The rows of what a broker knows, behind those of ports; then each is marked: configured, or why it cannot be taken.
 */
void survey_rows(struct seen_list *list, const struct found_list *found, const struct config *config,
		 const struct places *places);
/* Is a pad's plug chosen, or has the configuration something that heats? */
bool survey_has_heat(const struct seen_list *list, const struct config *config);

#endif
