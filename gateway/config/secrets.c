/* SPDX-License-Identifier: Apache-2.0 */
#include "config/secrets.h"

#include <string.h>

#include "base/utf8.h"
#include "config/text.h"

#define SECRET_MAX 1024 /* bytes; MQTT would take 65535, people and generators stay far below */

char *secrets_read(struct reader *r, setting *s, const char *what, bool secret)
{
	char why[256];
	struct source file;
	char *name = setting_text(r, s, what, 4096, "the name of a file");
	if (!name)
		return NULL;
	char *path = text_path(r->arena, r->source.file, name);
	if (source_read(r->arena, path, SECRET_MAX, &file, why) < 0) {
		read_fault(r, setting_line(s), "%s: %s %s", what, path, why);
		return NULL;
	}
	if (secret && file.mode & 0007) {
		read_fault(r, setting_line(s), "%s: others may use %s (mode %04o), expected 0640 or less: chmod o= %s",
			   what, path, (unsigned)file.mode, path);
		return NULL;
	}
	if (file.size && file.text[file.size - 1] == '\n')
		file.text[--file.size] = 0;
	if (file.size && file.text[file.size - 1] == '\r')
		file.text[--file.size] = 0;
	if (!file.size || strlen(file.text) != file.size || text_has_control(file.text) ||
	    !utf8_valid(file.text, file.size)) {
		read_fault(r, setting_line(s), "%s: %s does not hold one line of text", what, path);
		return NULL;
	}
	return file.text;
}

void secrets_check_inline(struct reader *r, setting *s, const char *what)
{
	if (r->source.mode & 0004)
		read_fault(
		    r, setting_line(s),
		    "%s: others can read it here (mode %04o), expected 0640 or less (chmod o= %s), or password_file",
		    what, (unsigned)r->source.mode, r->source.file);
}
