/* SPDX-License-Identifier: Apache-2.0
 * The wiring of the page (page/page.h): what it is asked becomes an input of the core, and what it shows is looked up
 * where it is known. Nothing, and nothing loaded, without a `page` section. Used by outward.c alone; on the loop's
 * thread. */
#ifndef VIEWING_H
#define VIEWING_H

#include "gateway_inside.h"

/* Without a page section nothing happens. A page that cannot be served is logged and left out: to guard matters more.
 */
void viewing_open(struct gateway *g);
/* Rules were read anew: hazards and the language may be others. */
void viewing_reconfigured(struct gateway *g);
/* `closed` once there is no page, which may be at once. */
void viewing_close(struct gateway *g, void (*closed)(void *user), void *user);

#endif
