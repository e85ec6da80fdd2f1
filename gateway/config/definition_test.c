/* SPDX-License-Identifier: Apache-2.0
 * What can be wrong with a described device: the definition, and every fault that is told for it, to the letter. */
#include "config/test_home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"

struct row {
	const char *promise, *definition, *told;
};

/* In a file of its own, so that lines count from its first and texts stay short. */
static const char home_cfg[] =
    "gateway = { id = \"home\"; }; mqtt = { url = \"mqtt://broker\"; };\n"
    "devices = ( { id = \"d\"; plugin = \"generic\"; link = \"%s\"; definition = \"d\"; } );\n";

#define METRIC    "metrics = ( { id = \"m\"; unit = \"bool\"; topic = \"t\"; every = \"1 s\"; } );\n"
#define ONE(more) "kind = \"heat\";\nmetrics = ( { id = \"m\"; topic = \"t\"; " more " } );\n"
#define FINE      "min = 0; max = 9; every = \"1 s\"; "
#define HEAT(more)                                                                                                     \
	"kind = \"heat\"; command_topic = \"c\";\n" METRIC "controls = ( { id = \"heat\"; confirm = \"m\";\n" more     \
	" } );\n"
#define SWITCH      "on = \"ON\"; rest = \"OFF\"; "
#define BYTES(more) "kind = \"scale\";\nframes = { start = \"AA\"; size = 6; " more " };\n"
#define BYTE(more)  "metrics = ( { id = \"m\"; " more FINE " } );\n"

#define SETTING(more)                                                                                                  \
	HEAT(SWITCH)                                                                                                   \
	"topic = \"t\";\nsettings = ( { id = \"s\"; because = \"why\"; values = [ \"off\", \"on\" ];\n" more " } );\n"

static const struct row rows[] = {
    {"a setting is asked for, set, and has a reason", HEAT(SWITCH) "topic = \"t\";\nsettings = ( { id = \"s\"; } );\n",
     "devices.d/d.cfg:6: setting \"s\": because is missing, expected why it is changed, for people\n"
     "devices.d/d.cfg:6: setting \"s\": wanted is missing, expected one of its values\n"
     "devices.d/d.cfg:6: setting \"s\": values is missing, expected all that it may be, as the device says it: [ "
     "\"off\", \"on\" ]\n"
     "devices.d/d.cfg:6: setting \"s\": ask is missing, expected what asks for it, in quotes\n"
     "devices.d/d.cfg:6: setting \"s\": set is missing, expected what sets it, with {value} in it\n"},
    {"what is wanted is one of the setting's values", SETTING("wanted = \"of\"; ask = \"?\"; set = \"stay {value}\"; "),
     "devices.d/d.cfg:7: setting \"s\": wanted: found \"of\", expected one of its values\n"},
    {"what sets a setting carries the value", SETTING("wanted = \"off\"; ask = \"?\"; set = \"stay off\"; "),
     "devices.d/d.cfg:7: setting \"s\": set: expected {value} in it\n"},
    {"no value of a setting switches anything on", SETTING("wanted = \"off\"; ask = \"on\"; set = \"{value}\"; "),
     "devices.d/d.cfg:7: setting \"s\": ask: found what switches control \"heat\" on, expected a question\n"
     "devices.d/d.cfg:7: setting \"s\": set: found what switches control \"heat\" on, expected what changes a "
     "setting\n"},
    {"what sets a setting does not come back as if the device had said it",
     SETTING("wanted = \"off\"; ask = \"?\"; set = \"stay {value}\"; set_topic = \"t\"; "),
     "devices.d/d.cfg:7: setting \"s\": topic: found \"t\", which is read as well: expected one that the device alone "
     "hears\n"
     "devices.d/d.cfg:7: setting \"s\": topic: found \"t\", which is read as well: expected one that the device alone "
     "hears\n"},
    {"settings are texts on topics",
     BYTES("checksum = \"sum8\"; ") BYTE("type = \"u8\"; at = 1; ") "settings = (\n{ id = \"s\"; } );\n",
     "devices.d/d.cfg:4: settings: expected them with messages on topics only\n"},
    {"an empty definition misses what it must say", "",
     "devices.d/d.cfg:1: kind is missing, expected what rules call it, like \"heat\" or \"scale\"\n"
     "devices.d/d.cfg:1: metrics is missing, expected a list ( ... ) of groups { id = ...; }\n"},
    {"a setting that is not known is told with the nearest", "kind = \"heat\";\nmetric = ( );\n" METRIC,
     "devices.d/d.cfg:2: unknown setting metric, did you mean metrics?\n"},
    {"a kind is a name that rules can write", "kind = \"Heat pad\";\n" METRIC,
     "devices.d/d.cfg:1: kind: found \"Heat pad\", expected a name of a-z, 0-9 and _\n"},
    {"a device measures something", "kind = \"heat\";\nmetrics = ( );\n",
     "devices.d/d.cfg:2: metrics: found 0, expected 1 to 64\n"},
    {"a metric is there once",
     "kind = \"heat\";\nmetrics = (\n{ id = \"m\"; topic = \"t\"; " FINE " },\n{ id = \"m\"; topic = \"t\"; " FINE
     " } );\n",
     "devices.d/d.cfg:4: metric \"m\" is there already, at devices.d/d.cfg:3: expected another id\n"},
    {"what measures has a range of what can be true", ONE("every = \"1 s\";"),
     "devices.d/d.cfg:2: metric \"m\": min is missing, expected the range of what can be true: anything outside is an "
     "error\n"},
    {"a range has its lower end first", ONE("min = 5; max = 5; every = \"1 s\";"),
     "devices.d/d.cfg:2: metric \"m\": max: found 5, expected more than min, 5\n"},
    {"a metric says how old it may get", ONE("min = 0; max = 9;"),
     "devices.d/d.cfg:2: metric \"m\": every or stale is missing, expected how often it is said, or how old it may "
     "get\n"},
    {"one reading that is lost must not be too many", ONE("min = 0; max = 9; every = \"1 s\"; stale = \"1500 ms\";"),
     "devices.d/d.cfg:2: metric \"m\": stale: expected at least twice as long as every: one that is lost must not end "
     "a "
     "session\n"},
    {"a unit is one that is known", ONE("unit = \"stone\"; " FINE),
     "devices.d/d.cfg:2: metric \"m\": unit: found \"stone\", expected N, kgf, lbf, deg, deg/s, degC, degF, kPa, mmHg, "
     "psi, W, Wh, V, A, kg, lb, %, s, min, h, g, N/s or bool; none for a count\n"},
    {"what counts has its range by its words", ONE("values = [ \"a\", \"b\" ]; " FINE),
     "devices.d/d.cfg:2: metric \"m\": min and max: expected none with values, words or bool\n"},
    {"a bool has two words", ONE("unit = \"bool\"; values = [ \"a\", \"b\", \"c\" ]; every = \"1 s\";"),
     "devices.d/d.cfg:2: metric \"m\": found 3 values or words of a bool, expected two\n"},
    {"words go with values", ONE("values = [ \"A\", \"B\" ]; words = [ \"a\" ]; every = \"1 s\";"),
     "devices.d/d.cfg:2: metric \"m\": words: found 1, expected one for each of 2 values\n"},
    {"words are such as rules can write", ONE("words = [ \"very high\", \"b\" ]; every = \"1 s\";"),
     "devices.d/d.cfg:2: metric \"m\": words: found \"very high\", expected words of a-z, 0-9 and _\n"},
    {"what stops is pressed or not", ONE("stops = true; " FINE),
     "devices.d/d.cfg:2: metric \"m\": stops: expected unit = \"bool\" with it\n"},
    {"an event is of what stops", ONE("unit = \"bool\"; event = true; every = \"1 s\";"),
     "devices.d/d.cfg:2: metric \"m\": event: expected stops = true with it\n"},
    {"an event has no values: whatever is said is one",
     ONE("unit = \"bool\"; stops = true; event = true; values = [ \"a\", \"b\" ]; every = \"1 s\";"),
     "devices.d/d.cfg:2: metric \"m\": values: expected none with event: whatever it says is a press\n"},
    {"an event is said in a message",
     "kind = \"stop_button\";\nlines = { };\n" BYTE("unit = \"bool\"; stops = true; event = true; "),
     "devices.d/d.cfg:3: metric \"m\": min and max: expected none with values, words or bool\n"
     "devices.d/d.cfg:3: metric \"m\": event: expected it of a message's text only, not with lines, frames or type\n"},
    {"a scale of 0 would measure nothing", ONE("scale = 0; " FINE),
     "devices.d/d.cfg:2: metric \"m\": scale: found 0, expected another number\n"},
    {"a number is a number", ONE("scale = \"2\"; " FINE),
     "devices.d/d.cfg:2: metric \"m\": scale: found \"2\", expected a number that what it says is multiplied by\n"},
    {"a JSON pointer begins with a slash", ONE("pointer = \"power\"; " FINE),
     "devices.d/d.cfg:2: metric \"m\": pointer: found \"power\", expected a JSON pointer (RFC 6901) like \"/power\" or "
     "\"/sensors/0/value\"\n"},
    {"a metric is in one place", ONE("pointer = \"/a\"; type = \"u8\"; " FINE),
     "devices.d/d.cfg:2: metric \"m\": found several of pointer, field and type, expected one of them\n"},
    {"fields are of lines", ONE("field = 1; " FINE),
     "devices.d/d.cfg:2: metric \"m\": field: found 1, expected it with lines only\n"},
    {"a place in bytes needs a type", ONE("at = 1; " FINE),
     "devices.d/d.cfg:2: metric \"m\": at and bit: expected them with type only\n"},
    {"a float has no bits", ONE("type = \"f32le\"; bit = 3; " FINE),
     "devices.d/d.cfg:2: metric \"m\": bit: expected a whole number's type\n"},
    {"a message comes from a topic", "kind = \"heat\";\nmetrics = ( { id = \"m\"; " FINE " } );\n",
     "devices.d/d.cfg:2: metric \"m\": topic is missing, expected one here or for the whole device\n"},
    {"a topic has no wildcard", "kind = \"heat\"; topic = \"a/+/b\";\n" METRIC,
     "devices.d/d.cfg:1: topic: found \"a/+/b\", expected a topic in which {name} stands for the name in the device's "
     "link, and "
     "no other "
     "{, }, + or #\n"},
    {"a layout is one",
     "kind = \"heat\";\nlines = { };\nframes = { start = \"AA\"; size = 9; checksum = \"xor8\"; };\n" BYTE(
	 "type = \"u8\"; at = 1; "),
     "devices.d/d.cfg:3: frames: found beside lines, expected one of lines, frames and characteristics\n"
     "devices.d/d.cfg:4: metric \"m\": type: expected field or pointer with lines\n"},
    {"a line ends with one character", "kind = \"scale\";\nlines = { ends = \"\\r\\n\"; };\n" BYTE(""),
     "devices.d/d.cfg:2: lines: ends: found 2 characters, expected one\n"},
    {"a shifted frame must be seen", BYTES("") BYTE("type = \"u8\"; at = 1; "),
     "devices.d/d.cfg:2: frames: found neither checksum nor end, expected one: a frame that lost a byte would be "
     "read\n"},
    {"a frame has room", BYTES("end = \"01 02 03 04 05\";") BYTE("type = \"u8\"; at = 1; "),
     "devices.d/d.cfg:2: frames: size: found 6, expected room between start and end\n"
     "devices.d/d.cfg:3: metric \"m\": at: found 1 and 1 bytes, expected them within the frame's first 1\n"},
    {"bytes are hexadecimal", BYTES("end = \"0D0\";") BYTE("type = \"u8\"; at = 1; "),
     "devices.d/d.cfg:2: frames: end: found \"0D0\", expected bytes like \"55 53\"\n"},
    {"a number stands within its frame", BYTES("checksum = \"sum8\";") BYTE("type = \"u32le\"; at = 3; "),
     "devices.d/d.cfg:3: metric \"m\": at: found 3 and 4 bytes, expected them within the frame's first 5\n"},
    {"in frames numbers are bytes", BYTES("checksum = \"sum8\";") BYTE(""),
     "devices.d/d.cfg:3: metric \"m\": expected type and at with frames\n"},
    {"a baud rate is of a serial port", "kind = \"heat\"; baud = 9600;\n" METRIC,
     "devices.d/d.cfg:1: baud: found 9600, expected it with lines or frames only\n"},
    {"a control says how it is switched on", HEAT("rest = \"OFF\";"),
     "devices.d/d.cfg:3: control \"heat\": found neither on nor set, expected on = \"...\" for a switch or set = "
     "\"...{value}...\" for a number\n"},
    {"a control says how it comes to rest", HEAT("on = \"ON\";"),
     "devices.d/d.cfg:3: control \"heat\": rest is missing, expected what brings it to rest\n"},
    {"a control is proved by a metric that is there",
     "kind = \"heat\"; command_topic = \"c\";\n" METRIC "controls = ( { id = \"heat\"; confirm = \"relay\";\n" SWITCH
     " } );\n",
     "devices.d/d.cfg:3: control \"heat\": confirm: found \"relay\", expected the id of one of its metrics\n"},
    {"rest is not what switches on", HEAT("on = \"ON\"; rest = \" ON\";"),
     "devices.d/d.cfg:4: control \"heat\": rest: found what switches it on, expected another\n"},
    {"a renewal never switches on", HEAT(SWITCH "renew = \"ON\"; renew_every = \"1 s\"; device_timer = \"5 s\";"),
     "devices.d/d.cfg:4: control \"heat\": renew: found what switches it on, expected what restarts its timer and "
     "switches "
     "nothing: it would "
     "switch on again what a person has switched off\n"},
    {"a renewal is no value that may be set",
     HEAT("set = \"T={value}\"; min = 1; max = 9; rest = \"T=0\"; renew = \"T=5\"; renew_every = \"1 s\"; device_timer "
	  "= \"5 s\";"),
     "devices.d/d.cfg:4: control \"heat\": renew: found what switches it on, expected what restarts its timer and "
     "switches "
     "nothing: it would "
     "switch on again what a person has switched off\n"},
    {"a renewal has its times", HEAT(SWITCH "renew = \"R\";"),
     "devices.d/d.cfg:4: control \"heat\": renew: expected renew_every with it\ndevices.d/d.cfg:4: control \"heat\": "
     "renew: expected "
     "device_timer with it\n"},
    {"an off-test has its timer", HEAT(SWITCH "test = \"T\"; device_timer = \"5 s\";"),
     "devices.d/d.cfg:4: control \"heat\": test: expected test_timer with it\n"},
    {"a load says how much is none, and when", HEAT(SWITCH "load = \"m\";"),
     "devices.d/d.cfg:4: control \"heat\": load: expected load_max with it\ndevices.d/d.cfg:4: control \"heat\": load: "
     "expected "
     "load_within with it\n"},
    {"a number is sent", HEAT("set = \"ON\"; rest = \"OFF\"; min = 1; max = 2;"),
     "devices.d/d.cfg:4: control \"heat\": set: expected {value} in it\n"},
    {"only what is set has a value", HEAT("on = \"ON\"; rest = \"OFF {value}\";"),
     "devices.d/d.cfg:4: control \"heat\": rest: found \"OFF {value}\", expected no value in it: it is always the "
     "same\n"},
    {"types are for bytes", HEAT("set = \"{value:u8}\"; rest = \"OFF\"; min = 1; max = 2;"),
     "devices.d/d.cfg:4: control \"heat\": set: found \"{value:u8}\", expected {value} alone: types are for bytes\n"},
    {"a switch has no range", HEAT(SWITCH "max = 1;"),
     "devices.d/d.cfg:4: control \"heat\": max: expected set with it\n"},
    {"only heat goes on by itself",
     "kind = \"traction\"; command_topic = \"c\";\n" METRIC "controls = ( { id = \"pull\"; confirm = \"m\";\n" SWITCH
     "resumes = true; } );\n",
     "devices.d/d.cfg:4: control \"pull\": resumes: expected it with kind = \"heat\" only: nothing else may go on by "
     "itself\n"},
    {"a question switches nothing on",
     HEAT(SWITCH) "polls = (\n{ send = \"ON\\n\"; every = \"1 s\"; } );\non_connect = (\n{ send = \"ON\"; } );\n",
     "devices.d/d.cfg:6: polls[0]: send: found what switches control \"heat\" on, expected a question\n"
     "devices.d/d.cfg:8: on_connect[0]: send: found what switches control \"heat\" on, expected a question\n"},
    {"a question has its time", HEAT(SWITCH) "polls = (\n{ send = \"?\"; } );\n",
     "devices.d/d.cfg:6: polls[0]: every is missing, expected a duration like \"5 s\"\n"},
    {"a question on connect is asked once", HEAT(SWITCH) "on_connect = (\n{ send = \"?\"; every = \"1 s\"; } );\n",
     "devices.d/d.cfg:6: on_connect[0]: unknown setting every, expected send or topic\n"},
    {"rest is not what switches on in another spelling",
     HEAT("on = \"{\\\"s\\\":1,\\\"t\\\":2}\"; rest = \"{\\\"T\\\":2, \\\"S\\\":1}\";"),
     "devices.d/d.cfg:4: control \"heat\": rest: found what switches it on, expected another\n"},
    {"rest of a number is no number that may be set", HEAT("set = \"T={value}\"; min = 10; max = 50; rest = \"T=40\";"),
     "devices.d/d.cfg:4: control \"heat\": rest: found what switches it on, expected another\n"},
    {"rest of stages is none of them",
     HEAT("set = \"{value}\"; words = [ \"off\", \"low\" ]; values = [ \"OFF\", \"LOW\" ]; rest = \"low\";"),
     "devices.d/d.cfg:4: control \"heat\": rest: found what switches it on, expected another\n"},
    {"rest in bytes is not what switches on with its checksum",
     BYTES("checksum = \"sum8\";") "metrics = ( { id = \"m\"; unit = \"bool\"; type = \"u8\"; at = 1; every = \"1 s\"; "
				   "} );\n"
				   "controls = ( { id = \"c\"; confirm = \"m\"; on = \"AA 01 {checksum}\"; rest = \"AA "
				   "01 AB\"; } );\n",
     "devices.d/d.cfg:4: control \"c\": rest: found what switches it on, expected another\n"},
    {"nothing is not sent", HEAT("on = \"ON\"; rest = \" \";"),
     "devices.d/d.cfg:4: control \"heat\": rest: found \" \", expected what to send\n"},
    {"what is sent is not read as well",
     "kind = \"heat\"; topic = \"x/{name}\";\nmetrics = ( { id = \"m\"; unit = \"bool\"; every = \"1 s\"; } );\n"
     "controls = ( { id = \"heat\"; confirm = \"m\"; topic = \"x/d\"; on = \"ON\"; rest = \"OFF\"; } );\n",
     "devices.d/d.cfg:3: control \"heat\": topic: found \"x/d\", which is read as well: expected one that the device "
     "alone hears\n"},
    {"a question in another spelling of the topic is seen",
     "kind = \"heat\"; command_topic = \"c/{name}\";\n" METRIC "controls = ( { id = \"heat\"; confirm = \"m\"; " SWITCH
     "} );\n"
     "on_connect = ( { topic = \"c/d\"; send = \"on\"; } );\n",
     "devices.d/d.cfg:4: on_connect[0]: send: found what switches control \"heat\" on, expected a question\n"},
    {"a gateway is not commanded",
     "kind = \"heat\"; command_topic = \"therapy/x/pad/set/heat\";\n" METRIC
     "controls = ( { id = \"heat\"; confirm = \"m\"; " SWITCH "} );\n",
     "devices.d/d.cfg:3: control \"heat\": topic: found \"therapy/x/pad/set/heat\", which is a gateway's, expected a "
     "device's\n"},
    {"what is asked for is what is sent", HEAT("set = \"{value}\"; rest = \"OFF\"; min = 0.4; max = 49.6; step = 0.1;"),
     "devices.d/d.cfg:4: control \"heat\": min: would be sent as 0.4, which decimals cuts off, expected a number that "
     "can be sent\n"
     "devices.d/d.cfg:4: control \"heat\": max: would be sent as 49.6, which decimals cuts off, expected a number that "
     "can be sent\n"
     "devices.d/d.cfg:4: control \"heat\": step: would be sent as 0.1, which decimals cuts off, expected a number that "
     "can be sent\n"},
    {"what is asked for has room",
     BYTES("checksum = \"sum8\";")
	 BYTE("type = \"u8\"; at = 1; ") "controls = ( { id = \"c\"; confirm = \"m\"; set = \"AA {value:u8}\"; rest = "
					 "\"AA\"; min = 1; max = 300; } );\n",
     "devices.d/d.cfg:4: control \"c\": max: would be sent as 300, expected 0 to 255: more has no room\n"},
    {"words have no range", HEAT("set = \"{value}\"; words = [ \"off\", \"low\" ]; rest = \"0\"; max = 5;"),
     "devices.d/d.cfg:4: control \"heat\": max: expected none with words\n"},
    {"one renewal may be lost", HEAT(SWITCH "renew = \"R\"; renew_every = \"3 s\"; device_timer = \"5 s\";"),
     "devices.d/d.cfg:4: control \"heat\": renew_every: expected at most half of device_timer: one that is lost must "
     "not end a session\n"},
    {"an off-test is no longer than the timer",
     HEAT(SWITCH "test = \"T\"; test_timer = \"6 s\"; device_timer = \"5 s\";"),
     "devices.d/d.cfg:4: control \"heat\": test_timer: expected one no longer than device_timer\n"},
    {"one last will puts one control to rest",
     "kind = \"heat\"; command_topic = \"c\";\n" METRIC "controls = ( { id = \"a\"; confirm = \"m\"; " SWITCH
     "}, { id = \"b\"; confirm = \"m\"; " SWITCH "} );\n",
     "devices.d/d.cfg:3: controls: found 2, expected at most 1 over MQTT: a connection has one last will, which must "
     "put everything to rest\n"},
    {"a bit is one that the number has", ONE("unit = \"bool\"; type = \"u8\"; bit = 8; every = \"1 s\";"),
     "devices.d/d.cfg:2: metric \"m\": bit: found 8, expected 0 to 7\n"},
    {"words measure nothing", ONE("unit = \"deg\"; words = [ \"a\", \"b\" ]; every = \"1 s\";"),
     "devices.d/d.cfg:2: metric \"m\": unit: expected none with words or values\n"},
    {"texts are not scaled", ONE("values = [ \"a\", \"b\" ]; scale = 2; every = \"1 s\";"),
     "devices.d/d.cfg:2: metric \"m\": scale: expected none with values\n"},
    {"a text is there once", ONE("values = [ \"a\", \"a\" ]; every = \"1 s\";"),
     "devices.d/d.cfg:2: metric \"m\": values: found \"a\" twice, expected each once\n"},
    {"a pointer has no other escape", ONE("pointer = \"/a~2\"; " FINE),
     "devices.d/d.cfg:2: metric \"m\": pointer: found \"/a~2\", expected a JSON pointer (RFC 6901) like \"/power\" or "
     "\"/sensors/0/value\"\n"},
    {"a second field needs a separator", "kind = \"scale\";\nlines = { };\n" BYTE("field = 2; "),
     "devices.d/d.cfg:3: metric \"m\": field: expected a separator in lines with it\n"},
    {"what begins otherwise than frames never comes",
     BYTES("checksum = \"sum8\";") BYTE("type = \"u8\"; at = 1; begins = \"BB\"; "),
     "devices.d/d.cfg:3: metric \"m\": begins: expected what begins as frames do: no other one comes\n"},
    {"who is there is said on a topic of its own", ONE(FINE) "availability = { topic = \"t\"; };\n",
     "devices.d/d.cfg:3: availability: topic: found that of metric \"m\", expected one of its own\n"},
    {"there and gone are two", ONE(FINE) "availability = { topic = \"s\"; online = \"x\"; offline = \"x\"; };\n",
     "devices.d/d.cfg:3: availability: online and offline: found the same, expected two\n"},
    {"a checksum to send is one that frames have",
     "kind = \"scale\";\nframes = { start = \"AA\"; size = 6; end = \"0D\"; };\n" BYTE(
	 "type = \"u8\"; at = 1; ") "polls = ( { send = \"01 {checksum}\"; every = \"1 s\"; } );\n",
     "devices.d/d.cfg:4: polls[0]: send: found \"01 {checksum}\", expected bytes like \"A5 01 {value:u16le}\"; "
     "{checksum} needs "
     "one in frames\n"},
};

static void what_is_wrong_is_told_with_its_line(void **state)
{
	const struct row *row = *state;
	struct test_home home;
	struct config *config = NULL;
	struct faults faults = {0};
	char text[512];
	test_home_make(&home);
	bool bytes = strstr(row->definition, "frames =") || strstr(row->definition, "lines =");
	int size = snprintf(text, sizeof text, home_cfg, bytes ? "tcp://h:1" : "mqtt:d");
	test_home_write(&home, "home.cfg", text, (size_t)size, 0640);
	test_home_write(&home, "devices.d/d.cfg", row->definition, strlen(row->definition), 0640);
	int result = test_home_load(&home, &config, &faults);
	char *told = test_home_told(&home, &faults);
	assert_string_equal(told, row->told);
	assert_int_equal(result, -1);
	free(told);
	faults_release(&faults);
	test_home_remove(&home);
}

/* ---- of the device ---- */

static const struct row devices[] = {
    {"a described device has a definition", "plugin = \"generic\"; link = \"mqtt:d\";",
     "home.cfg:2: device \"d\": definition is missing, expected it with plugin = \"generic\": a name like "
     "\"esphome_switch\", or a "
     "group { kind = ...; }\n"},
    {"another plugin has none", "plugin = \"heat_pad\"; definition = \"x\"; link = \"mqtt:d\";",
     "home.cfg:2: device \"d\": definition: expected it with plugin = \"generic\" only\n"},
    {"a definition is one model without options",
     "plugin = \"generic\"; model = \"m\"; options = { }; definition = \"plug\"; link = \"mqtt:d\";",
     "home.cfg:2: device \"d\": model: expected none with plugin = \"generic\": a definition is one device\n"
     "home.cfg:2: device \"d\": options: expected none with plugin = \"generic\": a definition is one device\n"},
    {"a definition that is not there is told with the nearest",
     "plugin = \"generic\"; definition = \"plugg\"; link = \"mqtt:d\";",
     "home.cfg:2: device \"d\": definition: found \"plugg\", expected a file devices.d/plugg.cfg, which is not there; "
     "did you mean "
     "plug?\n"},
    {"a path is seen from the file", "plugin = \"generic\"; definition = \"./gone.cfg\"; link = \"mqtt:d\";",
     "home.cfg:2: device \"d\": definition: found \"./gone.cfg\", expected a file ./gone.cfg, which is not there\n"},
    {"a name is no path", "plugin = \"generic\"; definition = \"..\"; link = \"mqtt:d\";",
     "home.cfg:2: device \"d\": definition: found \"..\", expected a name of a-z, 0-9 and _, or a path with a slash\n"},
    {"a definition is a name or a group", "plugin = \"generic\"; definition = 5; link = \"mqtt:d\";",
     "home.cfg:2: device \"d\": definition: found the number 5, expected its name in quotes or a group { kind = ...; "
     "}\n"},
    {"what stands in the device is told with the device",
     "plugin = \"generic\"; definition = { kind = \"heat\"; metrics = ( 5 ); }; link = \"mqtt:d\";",
     "home.cfg:2: device \"d\": definition: metrics[0]: expected a group { id = ...; }\n"},
};

static void a_device_that_is_wrong_is_told(void **state)
{
	const struct row *row = *state;
	struct test_home home;
	struct config *config = NULL;
	struct faults faults = {0};
	char text[1024];
	test_home_make(&home);
	test_home_write(&home, "devices.d/plug.cfg", "kind = \"heat\"; " METRIC, strlen("kind = \"heat\"; " METRIC),
			0644);
	int size = snprintf(
	    text, sizeof text,
	    "gateway = { id = \"home\"; }; mqtt = { url = \"mqtt://broker\"; };\ndevices = ( { id = \"d\"; %s } );\n",
	    row->definition);
	test_home_write(&home, "home.cfg", text, (size_t)size, 0640);
	int result = test_home_load(&home, &config, &faults);
	char *told = test_home_told(&home, &faults);
	assert_string_equal(told, row->told);
	assert_int_equal(result, -1);
	free(told);
	faults_release(&faults);
	test_home_remove(&home);
}

/* ---- docs/generic.md ---- */

static char *read_docs(void)
{
	FILE *from = fopen(THERAPY_DOCS_DIR "/generic.md", "r");
	assert_non_null(from);
	char *text = calloc(1, 1u << 16);
	size_t size = fread(text, 1, (1u << 16) - 1, from);
	assert_true(size > 1000 && feof(from));
	fclose(from);
	return text;
}

static char *faults_of(const char *definition)
{
	struct test_home home;
	struct config *config = NULL;
	struct faults faults = {0};
	char text[512];
	test_home_make(&home);
	int size = snprintf(text, sizeof text, home_cfg, "tcp://h:1");
	test_home_write(&home, "home.cfg", text, (size_t)size, 0640);
	test_home_write(&home, "devices.d/d.cfg", definition, strlen(definition), 0640);
	assert_int_equal(test_home_load(&home, &config, &faults), -1);
	char *told = test_home_told(&home, &faults);
	faults_release(&faults);
	test_home_remove(&home);
	return told;
}

/* What a group takes is told to who writes something that resembles none of it: each must be explained. */
static void every_setting_is_explained(void **state)
{
	(void)state;
	static const struct {
		const char *group, *section; /* of the document */
	} groups[] = {{"%", "## The device"},
		      {"lines = { % };", "## The device"},
		      {"frames = { % };", "## The device"},
		      {"metrics = ( { % } );", "## A metric"},
		      {"controls = ( { % } );", "## A control"},
		      {"polls = ( { % } );", "## Questions"},
		      {"settings = ( { % } );", "## Settings of the device"},
		      {"availability = { % };", "## Questions"}};
	char *docs = read_docs();
	size_t n = 0;
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
		char definition[128], key[80], assigned[80];
		int at = 0;
		const char *group = groups[i].group, *section = strstr(docs, groups[i].section);
		assert_non_null(section);
		const char *next = strstr(section + 3, "\n## ");
		assert_non_null(next);
		char *part = strndup(section, (size_t)(next - section));
		snprintf(definition, sizeof definition, "%.*szzqqzzqq = 1;%s", (int)strcspn(group, "%"), group,
			 strchr(group, '%') + 1);
		char *told = faults_of(definition), *list = strstr(told, "unknown setting zzqqzzqq, expected ");
		assert_non_null(list);
		list += strlen("unknown setting zzqqzzqq, expected ");
		for (char word[64]; sscanf(list, "%63[a-z_]%n", word, &at) == 1; n++) {
			list += at;
			list += strspn(list, ", ");
			list += strncmp(list, "or ", 3) == 0 ? 3 : 0;
			snprintf(key, sizeof key, "`%s`", word);
			snprintf(assigned, sizeof assigned, "%s = ", word);
			if (!strstr(part, key) && !strstr(part, assigned))
				fail_msg("docs/generic.md does not explain %s in \"%s\"", word, groups[i].section);
		}
		free(told);
		free(part);
	}
	assert_true(n > 60);
	free(docs);
}

static void its_first_example_is_taken_as_it_stands(void **state)
{
	(void)state;
	struct test_home home;
	struct config *config = NULL;
	struct faults faults = {0};
	char *docs = read_docs(), *first = strstr(docs, "```\n") + 4, *end = strstr(first, "```"), text[2048];
	int size =
	    snprintf(text, sizeof text, "gateway = { id = \"home\"; }; mqtt = { url = \"mqtt://broker\"; };\n%.*s",
		     (int)(end - first), first);
	test_home_make(&home);
	test_home_write(&home, "home.cfg", text, (size_t)size, 0640);
	test_home_load(&home, &config, &faults);
	char *told = test_home_told(&home, &faults);
	assert_string_equal(told, "");
	assert_string_equal(config->devices[0].definition->metrics[0]->key, "weight");
	config_free(config);
	free(told);
	faults_release(&faults);
	test_home_remove(&home);
	free(docs);
}

static struct CMUnitTest test_of(const struct row *row, CMUnitTestFunction test)
{
	union {
		const struct row *row;
		void *state;
	} is = {.row = row};
	return (struct CMUnitTest){.name = row->promise, .test_func = test, .initial_state = is.state};
}

int main(void)
{
	enum { OF_DEFINITIONS = sizeof rows / sizeof *rows, OF_DEVICES = sizeof devices / sizeof *devices };
	static struct CMUnitTest tests[OF_DEFINITIONS + OF_DEVICES + 2] = {
	    cmocka_unit_test(every_setting_is_explained), cmocka_unit_test(its_first_example_is_taken_as_it_stands)};
	for (size_t i = 0; i < OF_DEFINITIONS; i++)
		tests[2 + i] = test_of(&rows[i], what_is_wrong_is_told_with_its_line);
	for (size_t i = 0; i < OF_DEVICES; i++)
		tests[2 + OF_DEFINITIONS + i] = test_of(&devices[i], a_device_that_is_wrong_is_told);
	return cmocka_run_group_tests_name("definitions", tests, NULL, NULL);
}
