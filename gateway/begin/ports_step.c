/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "begin/begin.h"
#include "begin/say.h"
#include "begin/stop.h"
#include "begin/survey.h"

enum step step_ports(struct begin *b)
{
	static struct survey_ports ports;
	if (!b->programs.plugin[0])
		return STEP_ON;
	survey_ports(&ports, b->config);
	for (size_t i = 0; i < ports.n && !stop_asked(); i++) {
		say("Listening at the serial port %s ...", ports.path[i]);
		enum survey_port port = survey_listen(&b->seen, &b->programs, ports.path[i]);
		if (port == SURVEY_LEFT)
			say("  it is another program's: left alone.");
		else if (port == SURVEY_SILENT && !stop_asked())
			say("  nothing known speaks there by itself; `therapyctl probe serial:%s` asks, too.",
			    ports.path[i]);
	}
	return stop_asked() ? STEP_STOP : STEP_ON;
}
