/* SPDX-License-Identifier: Apache-2.0
 * A definition that stands in a file of its own, for whoever tests one without a home. Start-up only, one thread. */
#ifndef CONFIG_DEFINITION_FILE_H
#define CONFIG_DEFINITION_FILE_H

#include "base/fault.h"
#include "therapy/v1/definition.pb-c.h"

struct definition_file;

/* 0, or -1 with every fault added. */
int definition_file_open(const char *path, struct definition_file **out, struct faults *faults);
/* Lives as long as the file. */
Therapy__V1__Definition *definition_file_get(const struct definition_file *file);
void definition_file_close(struct definition_file *file);

#endif
