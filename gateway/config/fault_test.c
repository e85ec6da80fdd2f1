/* SPDX-License-Identifier: Apache-2.0
 * One row per thing a user can get wrong: the file, and every fault that is told for it, to the letter. */
#include "config/test_home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"

struct row {
	const char *promise, *text, *told;
};

#define GATEWAY        "gateway = { id = \"home\"; };\n"
#define NONE           "devices = ( );\n"
#define PAD(settings)  GATEWAY "devices = ( { id = \"pad\"; plugin = \"heat_pad\"; " settings " } );\n"
#define URLS           "mqtt://host, mqtts://host, ws://host or wss://host"
#define MQTT(settings) GATEWAY NONE "mqtt = {\n" settings " };\n"
#define PAGE(settings) GATEWAY NONE "page = {\n" settings " };\n"
#define RULE(settings) GATEWAY NONE "rules = ( { id = \"r\";\n" settings " } );\n"
#define WHOLE          "permits = [ \"kind:heat\" ]; only_while = \"all inversion.tilt <= 10 deg\"; "

static const struct row rows[] = {
    /* ---- the file itself ---- */
    {"a syntax error is told with its line", "gateway = { id = \"home\" };\nmqtt = = 1;\n",
     "home.cfg:2: syntax error at or before \"mqtt = = 1;\", expected settings of the form name = value; with text in "
     "quotes\n"},
    {"a forgotten = is told with its line", "gateway = {\n id \"home\"; };\n",
     "home.cfg:2: syntax error at or before \"id\", expected settings of the form name = value; with text in quotes\n"},
    {"a word without quotes is told with its line", GATEWAY "devices = ( { id = pad; } );\n",
     "home.cfg:2: syntax error at or before \"devices = ( { id = pad; } );\", expected settings of the form name = "
     "value; "
     "with text in quotes\n"},
    {"a syntax error never shows a password", "mqtt = {\n  password =\n hunter2 };\n",
     "home.cfg:3: syntax error, expected settings of the form name = value; with text in quotes\n"},
    {"a setting given twice is a fault", GATEWAY NONE "gateway = { };\n",
     "home.cfg:3: found a setting twice in one group at or before \"gateway = { };\", expected it once\n"},
    {"an array of two types is a fault", GATEWAY NONE "owned_unmonitored = [ \"inversion\", 5 ];\n",
     "home.cfg:3: found values of different types in one [ ] at or before \"owned_unmonitored = [\", expected one "
     "type\n"},
    {"an open bracket is told where it was opened", "gateway =\n{ id = \"home\";\n\ndevices = ( );\n",
     "home.cfg:2: this bracket is never closed: expected }\n"},
    {"a bracket of the wrong shape names its partner", "gateway = {\n id = \"home\"; );\n",
     "home.cfg:2: found ), expected } for the bracket opened in line 1\n"},
    {"a bracket too many is told", GATEWAY "};\n", "home.cfg:2: found }, but there is no bracket open here\n"},
    {"an open text is told where it begins", GATEWAY "log = \"info;\n\n",
     "home.cfg:2: this text is never closed: expected another \" at its end\n"},
    {"a text holds no zero, for it would end there", GATEWAY "log = \"in\\x00fo\";\n",
     "home.cfg:2: found \\x00 in a text, expected none: what follows it would be lost\n"},
    {"an open comment is told where it begins", GATEWAY "/* the devices\n" NONE,
     "home.cfg:2: this comment is never closed: expected */\n"},
    {"an include is refused with what to do instead", GATEWAY "@include \"devices.cfg\"\n",
     "home.cfg:2: @include is not supported: rules in other files are named with rule_files\n"},
    {"bytes that are no UTF-8 are a fault", GATEWAY "# caf\xe9\n", "home.cfg:2: found bytes that are not UTF-8\n"},
    {"a byte order mark is a fault", "\xEF\xBB\xBF" GATEWAY,
     "home.cfg:1: starts with a byte order mark: expected UTF-8 without one\n"},
    {"an empty file misses its sections", "",
     "home.cfg:1: gateway is missing, expected a group { id = ...; }\n"
     "home.cfg:1: devices is missing, expected a list ( ... ) of groups { ... }\n"},
    {"an unknown section is told with the nearest", GATEWAY "device = ( );\n" NONE,
     "home.cfg:2: unknown setting device, did you mean devices?\n"},
    {"an unknown section that resembles none is told with all", GATEWAY NONE "zigbee = 1;\n",
     "home.cfg:3: unknown setting zigbee, expected gateway, mqtt, page, history, devices, rules, rule_files, limits, "
     "conditions, "
     "derived, invariants, profile, plans, owned_unmonitored, units or language\n"},
    {"units that are none are told with what there is", GATEWAY NONE "units = \"si\";\n",
     "home.cfg:3: units: found \"si\", expected \"metric\" or \"imperial\"\n"},
    {"a language that is none is told with what there is", GATEWAY NONE "language = \"german\";\n",
     "home.cfg:3: language: found \"german\", expected \"en\" or \"de\"\n"},
    {"sections of the wrong type are faults", "gateway = 5;\ndevices = { };\nmqtt = \"mqtt://host\";\n",
     "home.cfg:1: gateway: found the number 5, expected a group { ... }\n"
     "home.cfg:3: mqtt: found \"mqtt://host\", expected a group { ... }\n"
     "home.cfg:2: devices: found a group { }, expected a list ( ... ) of groups { ... }\n"},
    {"faults of all sections are told at once",
     "gateway = { id = \"My Home\"; };\nmqtt = { };\ndevices = ( { id = \"pad\"; } );\nrules = ( 5 );\n",
     "home.cfg:1: gateway: id: found \"My Home\", expected a name of a-z, 0-9, _ and -\n"
     "home.cfg:2: mqtt: url is missing, expected the broker's " URLS "\n"
     "home.cfg:3: device \"pad\": link is missing, expected where the device is, like \"serial:/dev/ttyUSB0\", "
     "\"tcp://host:port\", \"mqtt:name\" or \"ble:AA:BB:CC:DD:EE:FF\"\n"
     "home.cfg:3: device \"pad\": plugin is missing, expected a plugin like \"heat_pad\", or exec = "
     "\"/path/of/a/program\"\n"
     "home.cfg:4: rules[0]: found the number 5, expected a group { id = ...; }\n"},

    /* ---- numbers that libconfig would change without a word ---- */
    {"a number that libconfig would wrap is told once", MQTT("url = \"mqtt://h\";\n queue = 5000000000;"),
     "home.cfg:5: found 5000000000, which is too large: expected -2147483648 to 2147483647\n"},
    {"a wrapped number is told even where its wrapped value would be fine",
     PAD("link = \"tcp://p:1\"; options = { a = 4294967297; b = 0x1FFFFFFFF; c = -2147483649; }; "),
     "home.cfg:2: found 4294967297, which is too large: expected -2147483648 to 2147483647\n"
     "home.cfg:2: found 0x1FFFFFFFF, which is too large: expected -2147483648 to 2147483647\n"
     "home.cfg:2: found -2147483649, which is too large: expected -2147483648 to 2147483647\n"},
    {"a number that would become infinite is told", PAD("link = \"tcp://p:1\"; options = { a = 1e999; };"),
     "home.cfg:2: found 1e999, which is too large: expected -2147483648 to 2147483647\n"},

    /* ---- gateway ---- */
    {"a gateway without an id is a fault", "gateway =\n{ log = \"info\"; };\n" NONE,
     "home.cfg:1: gateway: id is missing, expected a name of a-z, 0-9, _ and -\n"},
    {"an id too long is told with its size",
     "gateway = { id = \"a123456789a123456789a123456789a123456789a1234567\"; };\n" NONE,
     "home.cfg:1: gateway: id: found 48 bytes, expected at most 47\n"},
    {"a misspelt setting is told with the nearest", "gateway = { id = \"home\";\n leese = \"1 s\"; };\n" NONE,
     "home.cfg:2: gateway: unknown setting leese, did you mean lease?\n"},
    {"a log level that is none is told with the levels", "gateway = { id = \"home\"; log = \"verbose\"; };\n" NONE,
     "home.cfg:1: gateway: log: found \"verbose\", expected \"error\", \"warn\", \"info\" or \"debug\"\n"},
    {"a duration without a unit is a fault", "gateway = { id = \"home\"; lease = 1; };\n" NONE,
     "home.cfg:1: gateway: lease: found the number 1, expected a duration like \"1 s\"\n"},
    {"a duration in an unknown unit is a fault", "gateway = { id = \"home\"; lease = \"1 sec\"; };\n" NONE,
     "home.cfg:1: gateway: lease: found \"1 sec\", expected a duration like \"1 s\"\n"},
    {"a lease too short is told with the range",
     "gateway = { id = \"home\"; lease = \"299 ms\"; renew = \"20 ms\"; };\n" NONE,
     "home.cfg:1: gateway: lease: found 299 ms, expected 300 ms to 10 s\n"},
    {"a lease too long is told with the range", "gateway = { id = \"home\"; lease = \"11 s\"; };\n" NONE,
     "home.cfg:1: gateway: lease: found 11 s, expected 300 ms to 10 s\n"},
    {"a renewal of half the lease is a fault",
     "gateway = { id = \"home\"; lease = \"1 s\";\n renew = \"500 ms\"; };\n" NONE,
     "home.cfg:2: gateway: renew is 500 ms and lease 1000 ms, expected renew below half of lease: one lost renewal "
     "must "
     "not end a grant\n"},
    {"a lease too short for the usual renewal is a fault", "gateway = { id = \"home\";\n lease = \"500 ms\"; };\n" NONE,
     "home.cfg:2: gateway: renew is 250 ms and lease 500 ms, expected renew below half of lease: one lost renewal must "
     "not end a grant\n"},

    /* ---- mqtt ---- */
    {"a broker without a url is a fault", MQTT("queue = 100;"),
     "home.cfg:3: mqtt: url is missing, expected the broker's " URLS "\n"},
    {"another scheme is told with what is expected", MQTT("url = \"tcp://host\";"),
     "home.cfg:4: mqtt: url: found \"tcp://host\", expected " URLS "\n"},
    {"a url without a host is a fault", MQTT("url = \"mqtt://:1883\";"),
     "home.cfg:4: mqtt: url: found \"mqtt://:1883\", expected a host after ://\n"},
    {"a password in a url is refused and not shown", MQTT("url = \"mqtt://me:hunter2@host\";"),
     "home.cfg:4: mqtt: url: found a user in it, expected username and password_file instead\n"},
    {"a variable that is not set is told with its name", MQTT("url = \"${THERAPY_TEST_UNSET}\";"),
     "home.cfg:4: mqtt: url: the environment variable THERAPY_TEST_UNSET is not set, expected a value\n"},
    {"a variable that is empty is told with its name", MQTT("url = \"${THERAPY_TEST_EMPTY}\";"),
     "home.cfg:4: mqtt: url: the environment variable THERAPY_TEST_EMPTY is empty, expected a value\n"},
    {"a variable's name must be closed", MQTT("url = \"mqtt://${HOST\";"),
     "home.cfg:4: mqtt: url: found \"${HOST\", expected ${NAME}, the name of an environment variable\n"},
    {"what a variable holds is checked like what is written", MQTT("url = \"${THERAPY_TEST_URL}x\";"),
     "home.cfg:4: mqtt: url: found \"http://hostx\", expected " URLS "\n"},
    {"a password file that others can read is a fault",
     MQTT("url = \"mqtt://h\"; username = \"me\"; password_file = \"open_secret\";"),
     "home.cfg:4: mqtt: password_file: others may use open_secret (mode 0644), expected 0640 or less: chmod o= "
     "open_secret\n"},
    {"a password file that is not there is a fault",
     MQTT("url = \"mqtt://h\"; username = \"me\"; password_file = \"nowhere\";"),
     "home.cfg:4: mqtt: password_file: nowhere cannot be read: No such file or directory\n"},
    {"a directory is no password file", MQTT("url = \"mqtt://h\"; username = \"me\"; password_file = \"plugins\";"),
     "home.cfg:4: mqtt: password_file: plugins is not a regular file\n"},
    {"a password file of two lines is a fault",
     MQTT("url = \"mqtt://h\"; username = \"me\"; password_file = \"two_lines\";"),
     "home.cfg:4: mqtt: password_file: two_lines does not hold one line of text\n"},
    /* ---- the page ---- */
    {"a page has no token by default", PAGE(""),
     "home.cfg:3: page: token_file is missing, expected the name of a file that holds it\n"},
    {"a token that others can read is a fault", PAGE("token_file = \"open_secret\";"),
     "home.cfg:4: page: token_file: others may use open_secret (mode 0644), expected 0640 or less: chmod o= "
     "open_secret\n"},
    {"a token that can be guessed is a fault, and is not shown", PAGE("token_file = \"secret\";"),
     "home.cfg:4: page: token_file: found 7 characters in it, expected 16 or more: nobody has to remember it, so "
     "openssl "
     "rand -hex 16 makes a good one\n"},
    {"a page listens at an address and not at a name", PAGE("token_file = \"token\"; listen = \"localhost:8723\";"),
     "home.cfg:4: page: listen: found \"localhost:8723\", expected a numeric address and a port like "
     "\"127.0.0.1:8723\" or \"[::1]:8723\"\n"},
    {"a page listens at a port", PAGE("token_file = \"token\"; listen = \"127.0.0.1\";"),
     "home.cfg:4: page: listen: found \"127.0.0.1\", expected a numeric address and a port like \"127.0.0.1:8723\" or "
     "\"[::1]:8723\"\n"},
    {"... that there is", PAGE("token_file = \"token\"; listen = \"127.0.0.1:65536\";"),
     "home.cfg:4: page: listen: found \"127.0.0.1:65536\", expected a numeric address and a port like "
     "\"127.0.0.1:8723\" or \"[::1]:8723\"\n"},
    {"an address of the sixth version stands in brackets", PAGE("token_file = \"token\"; listen = \"::1:8723\";"),
     "home.cfg:4: page: listen: found \"::1:8723\", expected a numeric address and a port like \"127.0.0.1:8723\" or "
     "\"[::1]:8723\"\n"},
    {"a proxy is trusted by its address and not by a name", PAGE("token_file = \"token\"; ingress = \"supervisor\";"),
     "home.cfg:4: page: ingress: found \"supervisor\", expected the numeric address of Home Assistant's proxy like "
     "\"172.30.32.2\"\n"},
    {"an empty password file is a fault", MQTT("url = \"mqtt://h\"; username = \"me\"; password_file = \"empty\";"),
     "home.cfg:4: mqtt: password_file: empty does not hold one line of text\n"},
    {"a password given twice is a fault",
     MQTT("url = \"mqtt://h\"; username = \"me\"; password = \"a\";\n password_file = \"secret\";"),
     "home.cfg:5: mqtt: found both password and password_file, expected one of them\n"},
    {"a password of the wrong type is not shown", MQTT("url = \"mqtt://h\"; username = \"me\"; password = 12345;"),
     "home.cfg:4: mqtt: password: expected text in quotes\n"},
    {"a password without a user is a fault", MQTT("url = \"mqtt://h\"; password_file = \"secret\";"),
     "home.cfg:4: mqtt: found a password without a username, expected both\n"},
    {"a device that no broker knows has no account there",
     PAD("link = \"serial:/dev/ttyUSB0\";\n account = { username = \"me\"; };"),
     "home.cfg:3: device \"pad\": account: found one with link \"serial:/dev/ttyUSB0\", expected it where the link is "
     "\"mqtt:name\": no other device is known to the broker\n"},
    {"an account of a device without anything in it is a fault",
     GATEWAY "mqtt = { url = \"mqtt://h\"; };\n"
	     "devices = ( { id = \"pad\"; plugin = \"heat_pad\"; link = \"mqtt:plug\"; account = { }; } );\n",
     "home.cfg:3: device \"pad\": account: found nothing in it, expected a username, or cert_file and key_file\n"},
    {"a password of a device that others can read is a fault",
     GATEWAY "mqtt = { url = \"mqtt://h\"; };\n"
	     "devices = ( { id = \"pad\"; plugin = \"heat_pad\"; link = \"mqtt:plug\";\n"
	     "account = { username = \"me\"; password_file = \"open_secret\"; }; } );\n",
     "home.cfg:4: device \"pad\": account: password_file: others may use open_secret (mode 0644), expected 0640 or "
     "less: "
     "chmod o= open_secret\n"},
    {"a key of a device without a certificate is a fault",
     GATEWAY "mqtt = { url = \"mqtts://h\"; };\n"
	     "devices = ( { id = \"pad\"; plugin = \"heat_pad\"; link = \"mqtt:plug\";\n"
	     "account = { username = \"me\"; key_file = \"key.pem\"; }; } );\n",
     "home.cfg:4: device \"pad\": account: found key_file without cert_file, expected both\n"},
    {"certificates without encryption are a fault", MQTT("url = \"mqtt://h\";\n ca_file = \"ca.pem\";"),
     "home.cfg:5: mqtt: ca_file: the url is mqtt://, which encrypts nothing: expected mqtts:// or wss://\n"},
    {"so they are on a web socket", MQTT("url = \"ws://h\";\n ca_file = \"ca.pem\";"),
     "home.cfg:5: mqtt: ca_file: the url is ws://, which encrypts nothing: expected mqtts:// or wss://\n"},
    {"a path where there is none is a fault", MQTT("url = \"mqtt://h/mqtt\";"),
     "home.cfg:4: mqtt: url: found \"mqtt://h/mqtt\", expected no path: only ws:// and wss:// have one\n"},
    {"a key that others can read is a fault",
     MQTT("url = \"mqtts://h\"; cert_file = \"ca.pem\";\n key_file = \"open_key.pem\";"),
     "home.cfg:5: mqtt: key_file: others may use open_key.pem (mode 0644), expected 0640 or less: chmod o= "
     "open_key.pem\n"},
    {"so it is in the certificate's file", MQTT("url = \"wss://h\"; cert_file = \"both.pem\";"),
     "home.cfg:4: mqtt: cert_file: others may use both.pem (mode 0644), expected 0640 or less: chmod o= both.pem\n"},
    {"a key with a passphrase is a fault, for nobody is asked",
     MQTT("url = \"mqtts://h\"; cert_file = \"ca.pem\";\n key_file = \"locked_key.pem\";"),
     "home.cfg:5: mqtt: key_file: locked_key.pem wants a passphrase, expected a key without: openssl pkey -in "
     "locked_key.pem -out new.pem\n"},
    {"a key file that holds none is a fault",
     MQTT("url = \"mqtts://h\"; cert_file = \"ca.pem\";\n key_file = \"ca.pem\";"),
     "home.cfg:5: mqtt: key_file: ca.pem holds no private key, expected PEM\n"},
    {"a certificate without its key is a fault", MQTT("url = \"mqtts://h\"; cert_file = \"ca.pem\";"),
     "home.cfg:4: mqtt: found cert_file without a key in it, expected key_file as well\n"},
    {"a key without its certificate is a fault", MQTT("url = \"mqtts://h\"; key_file = \"key.pem\";"),
     "home.cfg:4: mqtt: found key_file without cert_file, expected both\n"},
    {"a protocol that is none is told with those there are", MQTT("url = \"mqtt://h\"; protocol = \"4\";"),
     "home.cfg:4: mqtt: protocol: found \"4\", expected \"auto\", \"5\" or \"3.1.1\"\n"},
    {"a certificate file that is none is a fault", MQTT("url = \"mqtts://h\";\n ca_file = \"user\";"),
     "home.cfg:5: mqtt: ca_file: user holds no certificate, expected PEM\n"},
    {"a keep-alive too long for a last will is a fault", MQTT("url = \"mqtt://h\"; keep_alive = \"2 min\";"),
     "home.cfg:4: mqtt: keep_alive: found 2 min, expected 1 s to 1 min\n"},
    {"a keep-alive of broken seconds is a fault", MQTT("url = \"mqtt://h\"; keep_alive = \"1500 ms\";"),
     "home.cfg:4: mqtt: keep_alive: found 1500 ms, expected whole seconds: MQTT counts in them\n"},
    {"a queue out of range is told with the range", MQTT("url = \"mqtt://h\"; queue = 99;"),
     "home.cfg:4: mqtt: queue: found the number 99, expected a whole number of 100 to 1000000\n"},
    {"half a reading cannot be queued", MQTT("url = \"mqtt://h\"; queue = 100.5;"),
     "home.cfg:4: mqtt: queue: found the number 100.5, expected a whole number of 100 to 1000000\n"},
    {"a birth topic that is a filter is a fault", MQTT("url = \"mqtt://h\"; birth_topic = \"ha/+\";"),
     "home.cfg:4: mqtt: birth_topic: found \"ha/+\", expected a topic like \"homeassistant/status\", without + # $ or "
     "blanks and no / at its ends\n"},
    {"wildcards in the discovery prefix are a fault", MQTT("url = \"mqtt://h\"; discovery_prefix = \"home/#\";"),
     "home.cfg:4: mqtt: discovery_prefix: found \"home/#\", expected the first level of topics, without + # $ or "
     "blanks "
     "and no / at its ends\n"},

    /* ---- devices ---- */
    {"a device that is no group is a fault", GATEWAY "devices = ( \"pad\" );\n",
     "home.cfg:2: devices[0]: found \"pad\", expected a group { id = ...; }\n"},
    {"two devices of one id name each other",
     GATEWAY "devices = (\n { id = \"pad\"; plugin = \"heat_pad\"; link = \"tcp://a:1\"; },\n { id = \"pad\"; plugin = "
	     "\"heat_pad\"; link = \"tcp://b:1\"; } );\n",
     "home.cfg:4: device \"pad\" is there already, at home.cfg:3: expected another id\n"},
    {"an id that is a topic of the gateway is a fault",
     GATEWAY "devices = ( { id = \"safety\"; plugin = \"heat_pad\"; link = \"tcp://a:1\"; } );\n",
     "home.cfg:2: device \"safety\": id: \"safety\" is a word of topics and rules, expected another\n"},
    {"an id that is a word of the rules is a fault",
     GATEWAY "devices = ( { id = \"limit\"; plugin = \"heat_pad\"; link = \"tcp://a:1\"; } );\n",
     "home.cfg:2: device \"limit\": id: \"limit\" is a word of topics and rules, expected another\n"},
    {"an id in capitals is a fault",
     GATEWAY "devices = ( { id = \"Pad\"; plugin = \"heat_pad\"; link = \"tcp://a:1\"; } );\n",
     "home.cfg:2: device \"Pad\": id: found \"Pad\", expected a name of a-z, 0-9, _ and -\n"},
    {"an unknown setting of a device is told with the nearest", PAD("link = \"tcp://p:1\"; modell = \"x\";"),
     "home.cfg:2: device \"pad\": unknown setting modell, did you mean model?\n"},
    {"a number is no yes", PAD("link = \"tcp://p:1\"; accept_no_device_timer = 1;"),
     "home.cfg:2: device \"pad\": accept_no_device_timer: found the number 1, expected true or false\n"},
    {"only a broker keeps commands", PAD("link = \"tcp://p:1\"; clear_retained_commands = true;"),
     "home.cfg:2: device \"pad\": clear_retained_commands: found true with link \"tcp://p:1\", expected it where the "
     "link is \"mqtt:name\": only a broker keeps commands\n"},
    {"only Bluetooth sensors have a key", PAD("link = \"tcp://p:1\"; bind_key_file = \"secret\";"),
     "home.cfg:2: device \"pad\": bind_key_file: found one with link \"tcp://p:1\", expected it where the link is "
     "\"ble:AA:BB:CC:DD:EE:FF\"\n"
     "home.cfg:2: device \"pad\": bind_key_file: found 7 characters in it, expected 32 hexadecimal digits\n"},
    {"a key that others can read is a fault", PAD("link = \"ble:AA:BB:CC:DD:EE:FF\"; bind_key_file = \"open_secret\";"),
     "home.cfg:2: device \"pad\": bind_key_file: others may use open_secret (mode 0644), expected 0640 or less: chmod "
     "o= open_secret\n"},
    {"a name with a line break is a fault", PAD("link = \"tcp://p:1\"; name = \"a\\nb\";"),
     "home.cfg:2: device \"pad\": name: found a line break or control character, expected a name for people in "
     "quotes\n"},
    {"a name that smuggles in bytes is a fault", PAD("link = \"tcp://p:1\"; name = \"\\xff\";"),
     "home.cfg:2: device \"pad\": name: found bytes that are not UTF-8\n"},
    {"an escape sequence does not reach the terminal",
     PAD("link = \"tcp://p:1\"; accept_no_device_timer = \"\\x1b[1m\";"),
     "home.cfg:2: device \"pad\": accept_no_device_timer: found \"?[1m\", expected true or false\n"},
    {"a plugin that is not there is told with the nearest",
     GATEWAY "devices = ( { id = \"pad\"; plugin = \"heatpad\"; link = \"tcp://a:1\"; } );\n",
     "home.cfg:2: device \"pad\": plugin: found \"heatpad\", expected a file plugins/heatpad.so, which is not there; "
     "did "
     "you mean heat_pad?\n"},
    {"a plugin's path starts at the file's directory",
     GATEWAY "devices = ( { id = \"pad\"; plugin = \"./mine.so\"; link = \"tcp://a:1\"; } );\n",
     "home.cfg:2: device \"pad\": plugin: found \"./mine.so\", expected a file ./mine.so, which is not there\n"},
    {"a plugin's name leads out of no directory",
     GATEWAY "devices = ( { id = \"pad\"; plugin = \"..\"; link = \"tcp://a:1\"; } );\n",
     "home.cfg:2: device \"pad\": plugin: found \"..\", expected a name of a-z, 0-9, _ and -, or a path\n"},
    {"a directory is no plugin",
     GATEWAY "devices = ( { id = \"pad\"; plugin = \"./plugins\"; link = \"tcp://a:1\"; } );\n",
     "home.cfg:2: device \"pad\": plugin: found \"./plugins\", expected a file ./plugins, which is not there\n"},
    {"a plugin is a shared object or a program, not both", PAD("link = \"tcp://p:1\";\n exec = \"/bin/true\";"),
     "home.cfg:3: device \"pad\": exec: found beside plugin (line 2), expected one of them: what is loaded, or what is "
     "run\n"},
    {"a program is looked for where it is said to be, not along PATH",
     GATEWAY "devices = ( { id = \"pad\"; link = \"tcp://p:1\";\n exec = \"python3\"; } );\n",
     "home.cfg:3: device \"pad\": exec: found \"python3\", expected a path with a slash\n"},
    {"a program that is not there is told",
     GATEWAY "devices = ( { id = \"pad\"; link = \"tcp://p:1\";\n exec = \"./pad.py\"; } );\n",
     "home.cfg:3: device \"pad\": exec: found \"./pad.py\", expected a file ./pad.py, which is not there\n"},
    {"a program that may not be executed is told with what helps",
     GATEWAY "devices = ( { id = \"pad\"; link = \"tcp://p:1\";\n exec = \"./home.cfg\"; } );\n",
     "home.cfg:3: device \"pad\": exec: found \"./home.cfg\", which may not be executed, expected a program: chmod +x "
     "./home.cfg\n"},
    {"arguments are texts",
     GATEWAY "devices = ( { id = \"pad\"; link = \"tcp://p:1\"; exec = \"/bin/true\";\n args = ( \"-v\",\n 5 ); } );\n",
     "home.cfg:4: device \"pad\": args: found the number 5, expected texts in quotes\n"},
    {"a list of arguments is a list",
     GATEWAY "devices = ( { id = \"pad\"; link = \"tcp://p:1\"; exec = \"/bin/true\";\n args = \"-v\"; } );\n",
     "home.cfg:3: device \"pad\": args: found \"-v\", expected a list [ \"...\" ] of texts\n"},
    {"arguments without a program are a fault", PAD("link = \"tcp://p:1\";\n args = [ \"-v\" ];"),
     "home.cfg:3: device \"pad\": args: found without exec, expected it beside exec only\n"},
    {"a process that is shared has a name that is nobody's",
     GATEWAY "devices = (\n { id = \"a\"; plugin = \"heat_pad\"; link = \"tcp://a:1\"; },\n { id = \"b\"; plugin = "
	     "\"heat_pad\"; link = \"tcp://b:1\";\n process = \"a\"; } );\n",
     "home.cfg:5: device \"b\": process: found \"a\", which is a device's id (line 3), expected a name of its own\n"},
    {"a program shares no process: the others would wait whenever it does",
     GATEWAY "devices = ( { id = \"pad\"; link = \"tcp://p:1\"; exec = \"/bin/true\";\n process = \"p\"; } );\n",
     "home.cfg:3: device \"pad\": process: found beside exec, expected it with a plugin only: the others would wait "
     "whenever the program does\n"},
    {"two accounts at the broker share no process: what is in there can read all of it",
     GATEWAY "mqtt = { url = \"mqtt://h\"; };\ndevices = (\n { id = \"a\"; plugin = \"heat_pad\"; link = "
	     "\"mqtt:a\"; process = \"p\"; account = { username = \"u\"; }; },\n { id = \"b\"; plugin = \"heat_pad\"; "
	     "link = \"mqtt:b\";\n process = \"p\"; account = { username = \"v\"; }; },\n { id = \"c\"; plugin = "
	     "\"heat_pad\"; link = \"mqtt:c\";\n process = \"p\"; } );\n",
     "home.cfg:6: device \"b\": process: found \"p\", in which device \"a\" (line 4) has another account at the "
     "broker, "
     "expected one account in a process: what is in there can read all of it\n"
     "home.cfg:8: device \"c\": process: found \"p\", in which device \"a\" (line 4) has another account at the "
     "broker, "
     "expected one account in a process: what is in there can read all of it\n"},
    {"a link's variable that is not set is told", PAD("\n link = \"serial:${THERAPY_TEST_UNSET}/table\";"),
     "home.cfg:3: device \"pad\": link: the environment variable THERAPY_TEST_UNSET is not set, expected a value\n"},
    {"two devices on one link are told",
     GATEWAY "devices = (\n { id = \"a\"; plugin = \"heat_pad\"; link = \"tcp://plug:1\"; },\n { id = \"b\"; plugin = "
	     "\"heat_pad\";\n link = \"tcp://plug:1\"; } );\n",
     "home.cfg:5: device \"b\": link: found \"tcp://plug:1\", which device \"a\" (line 3) has already: expected one "
     "device "
     "on each\n"},
    {"a device behind a broker needs the broker", PAD("\n link = \"mqtt:plug\";"),
     "home.cfg:3: device \"pad\": link: found \"mqtt:plug\", which needs a broker: expected mqtt = { url = ...; }\n"},
    {"options are numbers or words", PAD("link = \"tcp://p:1\"; options = { a = true; b = ( 1 ); };"),
     "home.cfg:2: device \"pad\": options: a: found true, expected a number or a word in quotes\n"
     "home.cfg:2: device \"pad\": options: b: found a list ( ), expected a number or a word in quotes\n"},
    {"options are a group", PAD("link = \"tcp://p:1\"; options = ( );"),
     "home.cfg:2: device \"pad\": options: found a list ( ), expected a group { ... }\n"},

    /* ---- rules ---- */
    {"a rule says what it governs and when", GATEWAY NONE "rules = ( { hazard = 11; } );\n",
     "home.cfg:3: rules[0]: id is missing, expected a name of a-z, 0-9, _ and -\n"
     "home.cfg:3: rules[0]: only_while is missing, expected a condition like \"all inversion.tilt <= 10 deg\"\n"
     "home.cfg:3: rules[0]: permits is missing, expected what the rule governs, like [ \"kind:heat\" ] or [ "
     "\"pad.heat\" ], or watches, for an alarm only\n"},
    {"a rule governs or watches, not both", RULE(WHOLE "watches = [ \"kind:inversion\" ];"),
     "home.cfg:4: rule \"r\": found permits and watches, expected one of them: a rule either governs or only "
     "watches\n"},
    {"a rule that watches has nothing to latch",
     RULE("watches = [ \"kind:inversion\" ]; only_while = \"x\"; latch = true;"),
     "home.cfg:4: rule \"r\": latch: a rule that only watches ends nothing, expected it in a rule that permits\n"},
    {"two rules of one id name each other",
     GATEWAY NONE "rules = ( { id = \"r\"; " WHOLE " },\n { id = \"r\"; " WHOLE " } );\n",
     "home.cfg:4: rule \"r\" is there already, at home.cfg:3: expected another id\n"},
    {"a misspelt setting of a rule is told", RULE(WHOLE "only_wile = \"x\";"),
     "home.cfg:4: rule \"r\": unknown setting only_wile, did you mean only_while?\n"},
    {"a hazard that is no row of the table is a fault", RULE(WHOLE "hazard = 31;"),
     "home.cfg:4: rule \"r\": hazard: found the number 31, expected a whole number of 1 to 30\n"},
    {"a rule that governs nothing is a fault", RULE("permits = [ ]; only_while = \"x\";"),
     "home.cfg:4: rule \"r\": permits: found an empty list, expected a list like [ \"kind:heat\" ] or [ \"pad.heat\" "
     "]\n"},
    {"what a rule governs is a list", RULE("permits = \"kind:heat\"; only_while = \"x\";"),
     "home.cfg:4: rule \"r\": permits: found \"kind:heat\", expected a list like [ \"kind:heat\" ] or [ \"pad.heat\" "
     "]\n"},
    {"an empty condition is a fault", RULE("permits = [ \"kind:heat\" ]; only_while = \" \";"),
     "home.cfg:4: rule \"r\": only_while: found empty text, expected a condition like \"all inversion.tilt <= 10 "
     "deg\"\n"},
    {"no age at all is not read as any age", RULE(WHOLE "max_age = \"0 s\";"),
     "home.cfg:4: rule \"r\": max_age: found 0 s, expected 100 ms to 31 d\n"},
    {"a grace that is none any more is a fault", RULE(WHOLE "grace = \"61 s\";"),
     "home.cfg:4: rule \"r\": grace: found 61 s, expected 0 ms to 1 min\n"},
    {"a priority that is none is told with the priorities", RULE(WHOLE "priority = \"urgent\";"),
     "home.cfg:4: rule \"r\": priority: found \"urgent\", expected \"low\", \"medium\" or \"high\"\n"},
    {"an empty list of rules guards nothing and is refused", GATEWAY NONE "rules = ( );\n",
     "home.cfg:3: found no rule at all, expected one or more, or neither rules nor rule_files for the shipped ones\n"},
    {"a rule file that is not there is told where it is named", GATEWAY NONE "rule_files = [\n \"mine.cfg\" ];\n",
     "home.cfg:4: rule_files: mine.cfg cannot be read: No such file or directory\n"},
    {"a rule file named twice is told", GATEWAY NONE "rule_files = [ \"shipped.cfg\",\n \"./shipped.cfg\" ];\n",
     "home.cfg:4: rule_files: ./shipped.cfg is named twice, expected once\n"},
    {"a rule file holds what rule files hold", GATEWAY NONE "rule_files = [ \"home.cfg\" ];\n",
     "home.cfg:1: unknown setting gateway, expected rules, limits, conditions, derived or invariants\n"
     "home.cfg:2: unknown setting devices, did you mean derived?\n"
     "home.cfg:3: unknown setting rule_files, expected rules, limits, conditions, derived or invariants\n"},
    {"a rule file that says nothing is told", GATEWAY NONE "rule_files = [ \"empty\", \"shipped.cfg\" ];\n",
     "empty:1: says nothing, expected rules, limits, conditions, derived or invariants\n"},
    {"a directory without rule files guards nothing", GATEWAY NONE "rule_files = [\n \"plugins\" ];\n",
     "home.cfg:4: rule_files: plugins is a directory without a file *.cfg, expected one or more\n"},

    /* ---- limits, conditions, derived, invariants ---- */
    {"the main file gives figures, it declares no limit", GATEWAY NONE "limits = ( { id = \"force\"; } );\n",
     "home.cfg:3: limits: found a list ( ), expected figures { force = \"150 N\"; }; rule files declare limits\n"},
    {"a figure that is no finite number of a known unit is a fault",
     GATEWAY NONE "limits = {\n a = \"nan N\";\n b = \"inf N\";\n c = \"1e999 N\";\n d = \"5 furlongs\";\n e = "
		  "true;\n f = \"0x5 N\"; };\n",
     "home.cfg:4: limits: a: found \"nan N\", expected a number with its unit in quotes, like \"150 N\"\n"
     "home.cfg:5: limits: b: found \"inf N\", expected a number with its unit in quotes, like \"150 N\"\n"
     "home.cfg:6: limits: c: found \"1e999 N\", expected a number with its unit in quotes, like \"150 N\"\n"
     "home.cfg:7: limits: d: found \"5 furlongs\", expected a number with its unit in quotes, like \"150 N\"\n"
     "home.cfg:8: limits: e: found true, expected a number with its unit in quotes, like \"150 N\"\n"
     "home.cfg:9: limits: f: found \"0x5 N\", expected a number with its unit in quotes, like \"150 N\"\n"},
    {"a named condition has a name and says when", GATEWAY NONE "conditions = ( { } );\n",
     "home.cfg:3: conditions[0]: id is missing, expected a name of a-z, 0-9, _ and -\n"
     "home.cfg:3: conditions[0]: when is missing, expected a condition like \"all inversion.tilt <= 10 deg\"\n"},
    {"two conditions of one name are told",
     GATEWAY NONE "conditions = ( { id = \"a\"; when = \"x\"; },\n { id = \"a\"; when = \"y\"; } );\n",
     "home.cfg:4: condition \"a\" is there already, at home.cfg:3: expected another id\n"},
    {"a derived metric says what it needs",
     GATEWAY NONE "derived = ( { id = \"n\"; kind = \"heat\"; type = \"count\"; of = \"on(self)\"; against = \"x\"; } "
		  ");\n",
     "home.cfg:3: derived \"n\": gap is missing, expected it for the type \"count\"\n"
     "home.cfg:3: derived \"n\": within is missing, expected it for the type \"count\"\n"
     "home.cfg:3: derived \"n\": against means nothing to the type \"count\", expected none\n"},
    {"a derived metric of no known type is told with the types",
     GATEWAY NONE "derived = ( { id = \"n\"; kind = \"heat\"; type = \"sum\"; of = \"on(self)\"; } );\n",
     "home.cfg:3: derived \"n\": type: found \"sum\", expected \"time\", \"count\", \"dose\", \"rate\" or "
     "\"contradiction\"\n"},
    {"an invariant is a text", GATEWAY NONE "invariants = ( 5, \" \" );\n",
     "home.cfg:3: invariants: found the number 5, expected \"whenever permitted(kind:heat): all inversion.tilt <= 20 "
     "deg\"\n"
     "home.cfg:3: invariants: found empty text, expected \"whenever permitted(kind:heat): all inversion.tilt <= 20 "
     "deg\"\n"},

    /* ---- profile, cutoff ---- */
    {"a weight is one of a person", GATEWAY NONE "profile = { weight = \"70 N\"; };\n",
     "home.cfg:3: profile: weight: found \"70 N\", expected a weight like \"70 kg\" of 20 kg to 300 kg\n"},
    {"a weight without a unit is not guessed", GATEWAY NONE "profile = { weight = 70; };\n",
     "home.cfg:3: profile: weight: found the number 70, expected a weight like \"70 kg\" of 20 kg to 300 kg\n"},
    {"a day that does not exist clears nobody",
     GATEWAY NONE "profile = { cleared_on = \"2026-02-29\"; cleared_by = \"Dr. A\"; };\n",
     "home.cfg:3: profile: cleared_on: found \"2026-02-29\", expected a day that exists, like \"2026-05-01\"\n"},
    {"who cleared a person is said with the day", GATEWAY NONE "profile = { cleared_on = \"2026-02-28\"; };\n",
     "home.cfg:3: profile: cleared_by is missing, expected who cleared this person, and when\n"},
    {"a cut-off is another device's control", PAD("link = \"tcp://p:1\"; cutoff = \"pad.power\";"),
     "home.cfg:2: device \"pad\": cutoff: found \"pad.power\", expected a control of another device, like "
     "\"plug.power\"\n"},
    {"the person is no device of the user's",
     GATEWAY "devices = ( { id = \"person\"; plugin = \"heat_pad\"; link = \"tcp://a:1\"; } );\n",
     "home.cfg:2: device \"person\": id: \"person\" is a word of topics and rules, expected another\n"},

    {"rules of two files may not share an id",
     GATEWAY NONE "rule_files = [ \"shipped.cfg\" ];\nrules = ( { id = \"shipped\"; " WHOLE " } );\n",
     "shipped.cfg:1: rule \"shipped\" is there already, at home.cfg:4: expected another id\n"},
    {"an owned kind is a name", GATEWAY NONE "owned_unmonitored = [ \"Inversion table\" ];\n",
     "home.cfg:3: owned_unmonitored: found \"Inversion table\", expected a list like [ \"inversion\" ] of kinds of "
     "device\n"},
    {"an owned kind is owned once", GATEWAY NONE "owned_unmonitored = [ \"inversion\",\n \"inversion\" ];\n",
     "home.cfg:4: owned_unmonitored \"inversion\" is there already, at home.cfg:3: expected another id\n"},
};

/* The same of a file of mode 0644. */
static const struct row readable_row = {
    "a password in a file that others can read is a fault",
    MQTT("url = \"mqtt://h\"; username = \"me\";\n password = \"hunter2\";"),
    "home.cfg:5: mqtt: password: others can read it here (mode 0644), expected 0640 or less (chmod o= home.cfg), or "
    "password_file\n"};

static void is_told(void **state)
{
	const struct row *row = *state;
	struct test_home home;
	struct faults faults = {0};
	struct config *config = (struct config *)&home; /* must stay as it was */
	test_home_make(&home);
	test_home_write(&home, "home.cfg", row->text, strlen(row->text), row == &readable_row ? 0644 : 0640);
	int result = test_home_load(&home, &config, &faults);
	char *told = test_home_told(&home, &faults);
	test_home_remove(&home);
	assert_string_equal(told, row->told);
	assert_int_equal(result, -1);
	assert_ptr_equal(config, &home);
	free(told);
	faults_release(&faults);
}

static struct CMUnitTest test_of(const struct row *row)
{
	union {
		const struct row *row;
		void *state;
	} is = {.row = row};
	return (struct CMUnitTest){.name = row->promise, .test_func = is_told, .initial_state = is.state};
}

int main(void)
{
	struct CMUnitTest tests[sizeof rows / sizeof *rows + 1];
	setenv("THERAPY_TEST_EMPTY", "", 1);
	setenv("THERAPY_TEST_URL", "http://host", 1);
	unsetenv("THERAPY_TEST_UNSET");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		tests[i] = test_of(&rows[i]);
	tests[sizeof rows / sizeof *rows] = test_of(&readable_row);
	return cmocka_run_group_tests_name("config faults", tests, NULL, NULL);
}
