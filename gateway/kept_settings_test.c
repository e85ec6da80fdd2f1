/* SPDX-License-Identifier: Apache-2.0
 * What a setting was is remembered once, and nothing that is said later takes its place. */
#include "kept_settings.h"

#include "base/testing.h"

#include <stdlib.h>
#include <string.h>

#define NEWS(name) THERAPY__V1__SETTING_NEWS__SETTING_NEWS_##name

struct fixture {
	struct kept_settings kept;
	Therapy__V1__SettingDescription row;
	char why[CORE_WHY_MAX];
};

static char key[] = "power_on_state", name[] = "PowerOnState",
	    because[] = "off after a power cut, whatever it was before", words[] = "off|on|toggle|saved";

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	f->row = (Therapy__V1__SettingDescription)THERAPY__V1__SETTING_DESCRIPTION__INIT;
	f->row.key = key;
	f->row.name = name;
	f->row.because = because;
	f->row.words = words;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	kept_settings_free(&f->kept);
	free(f);
	return 0;
}

static struct kept_settings_step say(struct fixture *f, Therapy__V1__SettingNews news, double value)
{
	Therapy__V1__SettingState said = THERAPY__V1__SETTING_STATE__INIT;
	said.news = news;
	said.value = value;
	return kept_settings_take(&f->kept, "pad", &f->row, &said, LANGUAGE_EN, f->why);
}

static const struct kept_setting *pad(const struct fixture *f)
{
	return kept_settings_find(&f->kept, "pad", key);
}

/* What a restart makes of it. */
static void restart(struct fixture *f, bool lost)
{
	Therapy__V1__Memory head = THERAPY__V1__MEMORY__INIT;
	struct kept_settings after = {0};
	kept_settings_put(&f->kept, &head);
	kept_settings_read(&after, lost ? NULL : &head, lost);
	kept_settings_free(&f->kept);
	f->kept = after;
}

static void the_first_value_is_kept_whatever_comes_later(void **state)
{
	struct fixture *f = *state;
	struct kept_settings_step step = say(f, NEWS(FOUND), 3);
	assert_true(step.write && !step.kept); /* it may not be changed before that is on disk */
	step = say(f, NEWS(HELD), 0);
	assert_int_equal(step.event, KEPT_SETTINGS_CHANGED);
	assert_string_equal(
	    f->why, "PowerOnState on the device was saved and is set to off: off after a power cut, whatever it "
		    "was before. It is given back by: therapyctl device release pad");
	restart(f, false);
	step = say(f, NEWS(FOUND), 0); /* our own */
	assert_true(step.kept && !step.write);
	assert_true(pad(f)->known);
	assert_near(pad(f)->was, 3, 0);
	assert_int_equal(say(f, NEWS(HELD), 0).event, KEPT_SETTINGS_NO_EVENT); /* people have been told */
	assert_true(say(f, NEWS(FOUND), 1).kept);                              /* somebody's since */
	assert_near(pad(f)->was, 3, 0);
}

static void what_was_as_wanted_is_no_change(void **state)
{
	struct fixture *f = *state;
	assert_true(say(f, NEWS(FOUND), 0).write);
	assert_int_equal(say(f, NEWS(HELD), 0).event, KEPT_SETTINGS_NO_EVENT);
	assert_false(pad(f)->changed);
}

static void what_was_set_blind_is_not_known_for_ever(void **state)
{
	struct fixture *f = *state;
	assert_true(say(f, NEWS(BLIND), 0).write);
	assert_int_equal(say(f, NEWS(HELD), 0).event, KEPT_SETTINGS_CHANGED);
	assert_non_null(strstr(f->why, "What it was is not known"));
	restart(f, false);
	assert_true(say(f, NEWS(FOUND), 0).kept);
	assert_false(pad(f)->known);
}

static void after_a_lost_state_file_our_own_value_is_nobodys(void **state)
{
	struct fixture *f = *state;
	say(f, NEWS(FOUND), 3);
	restart(f, true);
	say(f, NEWS(FOUND), 0);
	assert_false(pad(f)->known);
	kept_settings_forget(&f->kept, "pad");
	say(f, NEWS(FOUND), 2); /* but this is not our own */
	assert_true(pad(f)->known);
}

static void a_device_that_does_not_take_it_is_told(void **state)
{
	struct fixture *f = *state;
	say(f, NEWS(FOUND), 3);
	assert_int_equal(say(f, NEWS(REFUSED), 3).event, KEPT_SETTINGS_TROUBLE);
	assert_non_null(strstr(f->why, "does not take PowerOnState off, and has saved"));
}

static void a_device_that_was_let_go_stays_so_over_a_restart(void **state)
{
	struct fixture *f = *state;
	say(f, NEWS(FOUND), 3);
	kept_settings_forget(&f->kept, "pad");
	assert_true(kept_settings_release(&f->kept, "pad", true));
	restart(f, false);
	assert_true(kept_settings_is_released(&f->kept, "pad"));
	assert_false(kept_settings_is_released(&f->kept, "pa"));
	assert_null(pad(f));
	assert_true(kept_settings_release(&f->kept, "pad", false));
	restart(f, false);
	assert_false(kept_settings_is_released(&f->kept, "pad"));
}

static void the_settings_of_another_device_are_its_own(void **state)
{
	struct fixture *f = *state;
	Therapy__V1__SettingState said = THERAPY__V1__SETTING_STATE__INIT;
	said.news = NEWS(FOUND);
	said.value = 1;
	say(f, NEWS(FOUND), 3);
	kept_settings_take(&f->kept, "lamp", &f->row, &said, LANGUAGE_EN, f->why);
	kept_settings_forget(&f->kept, "pad");
	assert_null(pad(f));
	assert_near(kept_settings_find(&f->kept, "lamp", key)->was, 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    T(the_first_value_is_kept_whatever_comes_later), T(what_was_as_wanted_is_no_change),
	    T(what_was_set_blind_is_not_known_for_ever),     T(after_a_lost_state_file_our_own_value_is_nobodys),
	    T(a_device_that_does_not_take_it_is_told),       T(a_device_that_was_let_go_stays_so_over_a_restart),
	    T(the_settings_of_another_device_are_its_own),
	};
	return cmocka_run_group_tests_name("what settings were", tests, NULL, NULL);
}
