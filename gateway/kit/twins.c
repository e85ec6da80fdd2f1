/* SPDX-License-Identifier: Apache-2.0 */
#include "kit/twins.h"

#include <stdio.h>

bool twins_play(const struct vector *a, const struct vector *b, struct note *note, char why[VECTORS_WHY])
{
	struct player players[2];
	bool more[2] = {true, true}, good = true;
	player_begin(&players[0], a, note);
	player_begin(&players[1], b, note);
	snprintf(note->about, sizeof note->about, "vectors %.60s and %.60s, in turns", a->name, b->name);
	while (more[0] || more[1])
		for (int i = 0; i < 2; i++)
			more[i] = more[i] && player_step(&players[i]);
	for (int i = 0; i < 2; i++) {
		bool came = player_end(&players[i]);
		if (!came && good)
			memcpy(why, players[i].why, VECTORS_WHY);
		good = good && came;
		player_release(&players[i]);
	}
	return good;
}
