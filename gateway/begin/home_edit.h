/* SPDX-License-Identifier: Apache-2.0
 *
 * home_edit - places in the text of a configuration that somebody wrote by hand, found without understanding the rest,
 * so that one value changes and every other byte stays. Pure but for memory. */
#ifndef BEGIN_HOME_EDIT_H
#define BEGIN_HOME_EDIT_H

#include <stdbool.h>
#include <stddef.h>

/* Behind a comment or text in quotes that begins at `at`; `at` itself if none does. */
const char *home_edit_skip(const char *at);
/* Just behind the name of that setting at the top of the file; NULL: there is none. */
const char *home_edit_find(const char *text, const char *setting);
/* Is that setting in that group, as in "mqtt", "password"? */
bool home_edit_has(const char *text, const char *group, const char *setting);
/* `text` with that setting of that group as `value`: the old value replaced, or the setting added as the group's last,
 * or the group at the end of the file. The caller frees; NULL, and a sentence in `why`. */
char *home_edit_set(const char *text, const char *group, const char *setting, const char *value, char *why,
		    size_t why_size);
/* The lines that changed: "- ..." as it was, "+ ..." as it is to be. Passwords are not shown. The caller frees. */
char *home_edit_difference(const char *old, const char *fresh);

#endif
