/* SPDX-License-Identifier: Apache-2.0
 * Sessions as CSV (RFC 4180): a header, CRLF, and columns whose names and order stay; new ones come at the end. A cell
 * of text that a spreadsheet would take for a formula begins with an apostrophe. Pure. */
#ifndef THERAPYCTL_CSV_H
#define THERAPYCTL_CSV_H

#include "therapyctl/row.h"
#include "therapyctl/text.h"

void csv_header(struct text *out);
void csv_row(struct text *out, const struct row *row);

#endif
