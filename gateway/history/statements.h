/* SPDX-License-Identifier: Apache-2.0
 *
 * statements - the SQL of `enum statement`. Constant.
 */
#ifndef HISTORY_STATEMENTS_H
#define HISTORY_STATEMENTS_H

#include "history/database.h"

const char *statement_sql(enum statement which);

#endif
