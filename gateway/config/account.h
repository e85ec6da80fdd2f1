/* SPDX-License-Identifier: Apache-2.0
 * Who somebody is at the broker: a name and a password, a certificate and its key. `where` begins the fault texts
 * ("mqtt", or "device \"pad\""), `url` is the broker's, NULL if it could not be read. Start-up only, one thread. */
#ifndef CONFIG_ACCOUNT_H
#define CONFIG_ACCOUNT_H

#include "config/config.h"
#include "config/read.h"

/* What the table of fields of `group` has read, completed: values out of files, and files checked and as paths. */
void account_complete(struct reader *r, setting *group, const char *where, const char *url,
		      struct config_account *account);
/* The authorities that the broker's certificate is checked against: a path, or NULL after a fault. */
char *account_ca(struct reader *r, setting *group, const char *where, const char *name, const char *url);
/* account = { ... } of a device. False: there is none. */
bool account_section(struct reader *r, setting *device, const char *where, const char *url, struct config_account *out);

#endif
