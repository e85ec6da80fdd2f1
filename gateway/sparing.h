/* SPDX-License-Identifier: Apache-2.0
 * Little memory for each device process. */
#ifndef SPARING_H
#define SPARING_H

/* Before anything is allocated that matters. */
void sparing_begin(void);

#endif
