/* SPDX-License-Identifier: Apache-2.0 */
#include "config/test_home.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/testing.h"

static const char shipped[] =
    "rules = ( { id = \"shipped\"; permits = [ \"kind:heat\" ]; only_while = \"all inversion.tilt <= 10 deg\"; } );\n";

void test_home_write(const struct test_home *home, const char *name, const void *text, size_t size, unsigned mode)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", home->dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	assert_int_equal(fchmod(fd, (mode_t)mode), 0); /* whatever the umask */
	assert_int_equal(close(fd), 0);
}

static void write_text(const struct test_home *home, const char *name, const char *text, unsigned mode)
{
	test_home_write(home, name, text, strlen(text), mode);
}

void test_home_make(struct test_home *home)
{
	strcpy(home->dir, "/tmp/therapy-config-XXXXXX");
	assert_non_null(mkdtemp(home->dir));
	snprintf(home->plugin_dir, sizeof home->plugin_dir, "%s/plugins", home->dir);
	snprintf(home->definitions, sizeof home->definitions, "%s/devices.d", home->dir);
	snprintf(home->rules, sizeof home->rules, "%s/shipped.cfg", home->dir);
	assert_int_equal(mkdir(home->plugin_dir, 0755), 0);
	assert_int_equal(mkdir(home->definitions, 0755), 0);
	home->places = (struct config_places){
	    .plugin_dir = home->plugin_dir, .definitions = home->definitions, .default_rules = home->rules};
	write_text(home, "plugins/heat_pad.so", "", 0755);
	write_text(home, "plugins/inversion_table.so", "", 0755);
	write_text(home, "plugins/traction_belt.so", "", 0755);
	write_text(home, "shipped.cfg", shipped, 0644);
	write_text(home, "secret", "hunter2\n", 0600);
	write_text(home, "group_secret", "hunter2\n", 0640);
	write_text(home, "open_secret", "hunter2\n", 0644);
	write_text(home, "two_lines", "hunter\n2\n", 0600);
	write_text(home, "empty", "", 0600);
	write_text(home, "token", "0123456789abcdef\n", 0600);
	write_text(home, "user", "gateway\r\n", 0644);
	write_text(home, "ca.pem", "-----BEGIN CERTIFICATE-----\nMII\n", 0644);
	write_text(home, "key.pem", "-----BEGIN PRIVATE KEY-----\nMII\n", 0640);
	write_text(home, "open_key.pem", "-----BEGIN PRIVATE KEY-----\nMII\n", 0644);
	write_text(home, "locked_key.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII\n", 0600);
	write_text(home, "both.pem", "-----BEGIN CERTIFICATE-----\nMII\n-----BEGIN PRIVATE KEY-----\nMII\n", 0644);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void test_home_remove(struct test_home *home)
{
	assert_int_equal(nftw(home->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int test_home_load(const struct test_home *home, struct config **out, struct faults *faults)
{
	char path[256];
	snprintf(path, sizeof path, "%s/home.cfg", home->dir);
	return config_load(path, &home->places, out, faults);
}

char *test_home_told(const struct test_home *home, const struct faults *faults)
{
	char *text = NULL;
	size_t size = 0, n = strlen(home->dir);
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	faults_print(faults, out);
	fclose(out);
	for (char *at = text; (at = strstr(at, home->dir));)
		memmove(at, at + n + 1, strlen(at + n + 1) + 1);
	return text;
}
