/* SPDX-License-Identifier: Apache-2.0
 * A directory with what a configuration may name, for tests: plugins, shipped rules, secrets of each permission. */
#ifndef CONFIG_TEST_HOME_H
#define CONFIG_TEST_HOME_H

#include "config/config.h"

struct test_home {
	char dir[64];
	char plugin_dir[80], definitions[80], rules[80];
	struct config_places places;
};

void test_home_make(struct test_home *home);
/* Removes the directory and all in it. */
void test_home_remove(struct test_home *home);
/* Writes `size` bytes into `name` there, with the permissions `mode`. */
void test_home_write(const struct test_home *home, const char *name, const void *text, size_t size, unsigned mode);
/* Loads home.cfg of it. */
int test_home_load(const struct test_home *home, struct config **out, struct faults *faults);
/* What faults_print says, without the directory. The caller frees. */
char *test_home_told(const struct test_home *home, const struct faults *faults);

#endif
