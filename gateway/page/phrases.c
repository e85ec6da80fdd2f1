/* SPDX-License-Identifier: Apache-2.0 */
#include "page/phrases.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys are the page's and the script's; # is where the script puts something. */
static const struct {
	const char *key, *english;
} phrases[] = {
    {"title", LANGUAGE_MARK("Therapy gateway")},
    {"needs_script", LANGUAGE_MARK("This page needs JavaScript. Without it: therapyctl stop, or the button in Home "
				   "Assistant.")},
    {"login", LANGUAGE_MARK("Log in")},
    {"token", LANGUAGE_MARK("Token")},
    {"token_where",
     LANGUAGE_MARK("It stands in the file that the configuration names as page.token_file; during a first "
		   "set-up, where that was begun.")},
    {"token_wrong", LANGUAGE_MARK("That is not the token.")},
    {"token_wait", LANGUAGE_MARK("Too many wrong tokens: wait a minute.")},
    {"logout", LANGUAGE_MARK("Log out")},
    {"stop", LANGUAGE_MARK("STOP")},
    {"stop_means", LANGUAGE_MARK("everything to rest, at once")},
    {"stop_sent", LANGUAGE_MARK("Stopped: everything is told to rest.")},
    {"stop_failed", LANGUAGE_MARK("THE STOP DID NOT ARRIVE. Switch the devices off by hand, and press again.")},
    {"latched", LANGUAGE_MARK("Off until somebody resets it")},
    {"reset", LANGUAGE_MARK("Reset ...")},
    {"reset_means", LANGUAGE_MARK("A reset starts nothing. Look at the devices first: is everybody well?")},
    {"reset_now", LANGUAGE_MARK("I have looked: reset now")},
    {"reset_not", LANGUAGE_MARK("Leave it off")},
    {"reset_done", LANGUAGE_MARK("Reset. Nothing was started.")},
    {"reset_changed", LANGUAGE_MARK("Something else has latched meanwhile: look again.")},
    {"reset_waits", LANGUAGE_MARK("It cannot be reset yet.")},
    {"alarms", LANGUAGE_MARK("Alarms")},
    {"devices", LANGUAGE_MARK("Devices")},
    {"events", LANGUAGE_MARK("Last events")},
    {"no_events", LANGUAGE_MARK("None yet.")},
    {"live", LANGUAGE_MARK("live")},
    {"lost", LANGUAGE_MARK("NO CONNECTION to the gateway for # s: what you see is old")},
    {"connecting", LANGUAGE_MARK("connecting")},
    {"full", LANGUAGE_MARK("The page is open too often already: close it elsewhere. STOP works all the same.")},
    {"permitted", LANGUAGE_MARK("permitted")},
    {"refused", LANGUAGE_MARK("NOT permitted")},
    {"running", LANGUAGE_MARK("RUNNING")},
    {"paused", LANGUAGE_MARK("paused")},
    {"off", LANGUAGE_MARK("off")},
    {"on", LANGUAGE_MARK("on")},
    {"resting", LANGUAGE_MARK("coming to rest")},
    {"not_known", LANGUAGE_MARK("not known")},
    {"gone", LANGUAGE_MARK("not there")},
    {"parked", LANGUAGE_MARK("parked")},
    {"old", LANGUAGE_MARK("# old")},
    {"implausible", LANGUAGE_MARK("implausible")},
    {"never", LANGUAGE_MARK("never read")},
    {"rearms_in", LANGUAGE_MARK("again in # at the earliest")},
    {"rearms_when", LANGUAGE_MARK("Again when: #")},
    {"resumes", LANGUAGE_MARK("goes on by itself if that is over within #")},
    {"rule", LANGUAGE_MARK("rule")},
    {"because", LANGUAGE_MARK("Why there is this rule: #")},
    {"more", LANGUAGE_MARK("more readings")},
    {"disconnected", LANGUAGE_MARK("no connection to the MQTT broker")},
    {"clock", LANGUAGE_MARK("time not known")},
    {"left", LANGUAGE_MARK("time left: #")},
    {"switch_on", LANGUAGE_MARK("Switch on")},
    {"switch_off", LANGUAGE_MARK("Switch off")},
    {"set", LANGUAGE_MARK("Set")},
    {"asked", LANGUAGE_MARK("asked for:")},
    {"accepted", LANGUAGE_MARK("Accepted.")},
    {"refused_by", LANGUAGE_MARK("Refused")},
    {"not_sent", LANGUAGE_MARK("That did not arrive: there is no connection to the gateway.")},
    {"off_test", LANGUAGE_MARK("Off-test")},
    {"off_test_means", LANGUAGE_MARK("Switches it on for a moment and sees it go off by its own timer.")},
    {"off_test_now", LANGUAGE_MARK("Begin the off-test")},
    {"park", LANGUAGE_MARK("Put away (park)")},
    {"unpark", LANGUAGE_MARK("In use again")},
    {"silence", LANGUAGE_MARK("Silence for two minutes")},
    {"present", LANGUAGE_MARK("I am here and well")},
    {"head_down", LANGUAGE_MARK("head down")},
    {"head_up", LANGUAGE_MARK("head up")},
    {"level", LANGUAGE_MARK("level")},
    {"plot_lately", LANGUAGE_MARK("Lately")},
    {"plot_session", LANGUAGE_MARK("The session so far")},
    {"minutes", LANGUAGE_MARK("min")},
    {"adjust_calibrate", LANGUAGE_MARK("Calibrate")},
    {"adjust_tare", LANGUAGE_MARK("Tare")},
    {"adjust_begin", LANGUAGE_MARK("Begin")},
    {"adjust_measure", LANGUAGE_MARK("It is so: measure")},
    {"adjust_cancel", LANGUAGE_MARK("Cancel")},
    {"adjust_store", LANGUAGE_MARK("Remember it and use it")},
    {"calibrate_begin",
     LANGUAGE_MARK("Nobody is on the table until this is over. It is brought into three positions.")},
    {"tare_begin", LANGUAGE_MARK("Nothing hangs on it, and nobody is in it.")},
    {"step_upright", LANGUAGE_MARK("1 of 3: bring the table upright, as one steps on it, and let it stand still.")},
    {"step_level", LANGUAGE_MARK("2 of 3: bring it level, as well as you can see.")},
    {"step_head_down", LANGUAGE_MARK("3 of 3: lower the head a little, 10 to 30 degrees, and hold it still.")},
    {"step_empty", LANGUAGE_MARK("Let everything hang as it does without a load, and hold nothing.")},
    {"measuring", LANGUAGE_MARK("Measuring, for some seconds ...")},
    {"not_taken", LANGUAGE_MARK("Not taken: #")},
    {"found_line", LANGUAGE_MARK("Found: #")},
    {"found_against", LANGUAGE_MARK("The configuration gives another # : change it there. Nothing was changed.")},
    {"adjust_writes", LANGUAGE_MARK("It is remembered, and is used as soon as everything is at rest.")},
    {"adjust_done", LANGUAGE_MARK("Done. Until the device is heard again nothing is known of it.")},
    {"adjust_cancelled", LANGUAGE_MARK("Nothing was changed.")},
    {"course", LANGUAGE_MARK("Course of therapy")},
    {"person", LANGUAGE_MARK("Person")},
    {"person_choose", LANGUAGE_MARK("Choose")},
    {"active_person", LANGUAGE_MARK("Active: #")},
    {"nobody", LANGUAGE_MARK("Nobody")},
    {"pain_and_note", LANGUAGE_MARK("Pain, note, activity")},
    {"pain_before", LANGUAGE_MARK("Pain before")},
    {"pain_after", LANGUAGE_MARK("Pain after")},
    {"pain_told", LANGUAGE_MARK("told: # of 10")},
    {"pain_not_told", LANGUAGE_MARK("not told yet; 0 is none, 10 the worst")},
    {"note", LANGUAGE_MARK("Note")},
    {"note_long", LANGUAGE_MARK("It is too long: at most 511 bytes, a letter with an accent is two.")},
    {"send", LANGUAGE_MARK("Send")},
    {"log_what", LANGUAGE_MARK("Just done without a device, like stretching")},
    {"about_running", LANGUAGE_MARK("Belongs to the session that runs.")},
    {"about_last", LANGUAGE_MARK("Pain before is the next session's; pain after and the note are the last one's: #")},
    {"about_none", LANGUAGE_MARK("Pain before is the next session's; after one, pain after and a note are its.")},
    {"today", LANGUAGE_MARK("Today, everybody")},
    {"week", LANGUAGE_MARK("This week, everybody")},
    {"sessions_n", LANGUAGE_MARK("sessions: #")},
    {"no_sessions", LANGUAGE_MARK("no session")},
    {"kind_inversion", LANGUAGE_MARK("inversion")},
    {"kind_traction", LANGUAGE_MARK("traction")},
    {"kind_heat", LANGUAGE_MARK("heat")},
    {"kind_cold", LANGUAGE_MARK("cold")},
    {"kind_activity", LANGUAGE_MARK("activity")},
    {"of", LANGUAGE_MARK("of")},
    {"n_today", LANGUAGE_MARK("# today")},
    {"n_week", LANGUAGE_MARK("# this week")},
    {"item_done", LANGUAGE_MARK("done")},
    {"item_due", LANGUAGE_MARK("to do")},
    {"item_not", LANGUAGE_MARK("not planned")},
    {"item_another_day", LANGUAGE_MARK("another day")},
    {"why_needs_clearance", LANGUAGE_MARK("The clearance has lapsed: a professional has to give it anew.")},
    {"why_needs_weight", LANGUAGE_MARK("Without a body weight a share of it is no force.")},
    {"plan_step", LANGUAGE_MARK("step #")},
    {"plan_next", LANGUAGE_MARK("Next: #")},
    {"plan_done", LANGUAGE_MARK("Nothing more today.")},
    {"not_before", LANGUAGE_MARK("not before #")},
    {"plan_proposed", LANGUAGE_MARK("Step # of the plan is proposed.")},
    {"plan_care", LANGUAGE_MARK("Start low, and stop at once at pain, numbness or dizziness.")},
    {"plan_agree", LANGUAGE_MARK("Take the next step")},
    {"plan_decline", LANGUAGE_MARK("Stay at this step")},
    {"plan_back", LANGUAGE_MARK("Go back a step")},
    {"plan_frozen",
     LANGUAGE_MARK("The plan stands still: the clearance has lapsed, and a professional has to give it anew.")},
    {"backed_pain", LANGUAGE_MARK("The plan went back a step because it hurt. Pain that stays is for a professional.")},
    {"backed_trip", LANGUAGE_MARK("The plan went back a step because a rule ended a session.")},
    {"backed_person", LANGUAGE_MARK("The plan went back a step because somebody asked for it.")},
    {"setup", LANGUAGE_MARK("Set-up")},
    {"setup_summary", LANGUAGE_MARK("Find the broker and devices, and add them")},
    {"setup_means",
     LANGUAGE_MARK("It looks for devices, asks at most six questions (in English), and changes nothing before the "
		   "last.")},
    {"setup_begin", LANGUAGE_MARK("Begin the set-up")},
    {"setup_cancel", LANGUAGE_MARK("End the set-up")},
    {"setup_yes", LANGUAGE_MARK("Yes")},
    {"setup_no", LANGUAGE_MARK("No")},
    {"setup_send", LANGUAGE_MARK("Answer")},
    {"setup_cold", LANGUAGE_MARK("of a cold water machine")},
    {"setup_readable", LANGUAGE_MARK("Whoever listens in this network can read it on its way.")},
    {"setup_changed", LANGUAGE_MARK("That is not what is asked any more.")},
    {"hazards", LANGUAGE_MARK("What this home is guarded against")},
    {"hazards_all", LANGUAGE_MARK("Each hazard, and by what (in English)")},
    {"covered", LANGUAGE_MARK("covered")},
    {"partly", LANGUAGE_MARK("partly covered")},
    {"not_covered", LANGUAGE_MARK("NOT covered")},
    {"absent", LANGUAGE_MARK("do not arise here")},
};

static const char *word_of(enum language language, const char *key, size_t size)
{
	for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
		if (strlen(phrases[i].key) == size && memcmp(phrases[i].key, key, size) == 0)
			return language_say(language, phrases[i].english);
	return NULL;
}

static void put_escaped(FILE *to, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		default:
			fputc(*text, to);
		}
}

static void put_all(FILE *to, enum language language)
{
	struct json_object *all = json_object_new_object();
	for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
		json_object_object_add(all, phrases[i].key,
				       json_object_new_string(language_say(language, phrases[i].english)));
	put_escaped(to, json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN));
	json_object_put(all);
}

static bool put_key(FILE *to, enum language language, const char *key, size_t size)
{
	const char *word = word_of(language, key, size);
	if (size == 5 && memcmp(key, "words", 5) == 0)
		put_all(to, language);
	else if (size == 8 && memcmp(key, "language", 8) == 0)
		fputs(language_codes[language], to);
	else if (word)
		put_escaped(to, word);
	else
		return false;
	return true;
}

char *phrases_fill(enum language language, const char *text, size_t size, size_t *out_size)
{
	char *out = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&out, &n);
	bool good = to != NULL;
	const char *end = text + size;
	while (good && text < end) {
		const char *open = memmem(text, (size_t)(end - text), "{{", 2);
		const char *close = open ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;
		size_t plain = (size_t)((close ? open : end) - text);
		fwrite(text, 1, plain, to);
		text += plain;
		if (close) {
			good = put_key(to, language, open + 2, (size_t)(close - open) - 2);
			text = close + 2;
		}
	}
	good = to && fclose(to) == 0 && good;
	if (!good) {
		free(out);
		return NULL;
	}
	*out_size = n;
	return out;
}
