#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plants what check_includes.py must find, one of each, and sees that it is found: a check that cannot fail is none."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import check_includes  # beside this file

CHECK = pathlib.Path(__file__).with_name("check_includes.py")

# file, its one include, what is told after "file:1: includes header; " (None: it may)
PLANTED = [
    # allowed, so that the check is not met by refusing everything
    ("gateway/base/str.h", '"therapy/plugin.h"', None),
    ("gateway/base/log.c", "<stdio.h>", None),
    ("gateway/base/testing.h", "<cmocka.h>", None),
    ("gateway/core/rule.c", '"base/str.h"', None),
    ("gateway/core/rule_test.c", "<stdio.h>", None),
    ("gateway/core/rule_test.c", '"base/testing.h"', None),
    ("gateway/verify/proof.c", '"core/inside.h"', None),
    ("gateway/verify/sat.c", "<picosat/picosat.h>", None),
    ("gateway/wire/wire.c", '"therapy/v1/wire.pb-c.h"', None),
    ("gateway/wire/wire.c", '"wire.pb-c.h"', None),
    ("gateway/link/mqtt_link.c", '"broker/broker.h"', None),
    ("gateway/mqtt/outlet.c", '"core/core.h"', None),
    ("gateway/mqtt/outlet.c", "<json-c/json.h>", None),
    ("gateway/config/config.h", '"link/address.h"', None),
    ("gateway/config/read.c", "<libconfig.h>", None),
    ("gateway/broker/paho.c", "<MQTTAsync.h>", None),
    ("gateway/broker/testing_broker.h", "<mosquitto.h>", None),
    ("gateway/device/plugin_file.c", "<uv.h>", None),
    ("gateway/device/device_test.c", "<uv.h>", None),
    ("gateway/device/fake_model.c", '"base/testing.h"', None),
    ("gateway/gateway.c", '"core/core.h"', None),
    ("gateway/gateway.c", '"supervisor/supervisor.h"', None),
    ("gateway/bluez/bus.c", "<dbus/dbus.h>", None),
    ("gateway/link/opener.c", "<dbus/dbus.h>", "only gateway/bluez talks to D-Bus"),
    ("gateway/main.c", "<uv.h>", None),
    ("plugins/heat_pad/heat_pad.c", '"firmware/firmware.h"', None),
    ("plugins/heat_pad/heat_pad.c", '"therapy/plugin.h"', None),
    ("plugins/heat_pad/heat_pad.c", '"plug/tasmota.h"', None),
    ("plugins/plug/tasmota.c", "<json-c/json.h>", None),
    ("plugins/heat_pad/heat_pad_test.c", '"base/testing.h"', None),
    # the directions
    ("gateway/base/str.c", '"core/core.h"', "base may include base, therapy/plugin.h"),
    ("gateway/core/rule.c", '"device/device.h"', "core may include core, base, therapy/plugin.h"),
    ("gateway/core/rule_test.c", '"config/config.h"', "core may include core, base, therapy/plugin.h"),
    ("gateway/core/rule.c", '"verify/verify.h"', "core may include core, base, therapy/plugin.h"),
    ("gateway/verify/verify.c", '"config/config.h"', "verify may include verify, base, core"),
    ("gateway/device/device.c", '"core/core.h"', "device may include device, base, therapy/plugin.h"),
    ("gateway/device/device.c", '"wire.pb-c.h"', "device may include device, base, therapy/plugin.h"),
    ("gateway/link/stream.c", '"broker/broker.h"', "link may include link, base, therapy/plugin.h"),
    ("gateway/broker/broker.c", '"mqtt/outlet.h"', "broker may include broker, base"),
    ("gateway/mqtt/outlet.c", '"core/gate.h"',
     "mqtt may include mqtt, base, broker, proto, tell, core/core.h, therapy/plugin.h"),
    ("gateway/config/config.c", '"link/stream.h"',
     "config may include config, base, link/address.h, core/core.h, plan/plan.h, therapy/plugin.h, therapy/v1/definition.pb-c.h, generic/number.h"),
    ("gateway/supervisor/supervisor.c", '"core/core.h"',
     "supervisor may include supervisor, base, wire, proto, link, bluez/bluez.h, sandbox/sandbox.h, therapy/plugin.h"),
    ("gateway/store/store.c", '"core/core.h"', None),
    ("gateway/store/store.c", '"core/inside.h"', "store may include store, base, proto, core/core.h, therapy/plugin.h"),
    ("gateway/plans/plans.c", '"base/str.h"',
     "gateway/plans is not in the table of check_includes.py: say there whom it may include"),
    ("gateway/include/therapy/plugin.h", '"base/str.h"', "the public header of plugins knows nothing of the gateway"),
    ("gateway/base/fault.c", '"str.h"', 'expected "base/str.h", the folder included'),
    # the libraries
    ("gateway/config/config.c", "<libconfig.h>", "only gateway/config/read.c reads libconfig"),
    ("gateway/gateway.c", "<libconfig.h>", "only gateway/config/read.c reads libconfig"),
    ("gateway/link/mqtt_link.c", "<MQTTAsync.h>", "only gateway/broker talks to Paho"),
    ("gateway/verify/proof.c", "<picosat/picosat.h>", "only gateway/verify/sat.c talks to PicoSAT"),
    ("gateway/verify/proof.c", "<uv.h>",
     "base, core, verify, session, plan and the device machine are pure: only device/plugin_file.c loads files"),
    ("gateway/mqtt/outlet.c", "<mosquitto.h>", "the gateway's only MQTT library is Paho, in gateway/broker"),
    ("gateway/base/log.c", "<uv.h>",
     "base, core, verify, session, plan and the device machine are pure: only device/plugin_file.c loads files"),
    ("gateway/core/rule.c", "<uv.h>",
     "base, core, verify, session, plan and the device machine are pure: only device/plugin_file.c loads files"),
    ("gateway/device/device_poll.c", "<uv.h>",
     "base, core, verify, session, plan and the device machine are pure: only device/plugin_file.c loads files"),
    ("gateway/session/sessions.c", "<uv.h>",
     "base, core, verify, session, plan and the device machine are pure: only device/plugin_file.c loads files"),
    ("gateway/plan/course.c", "<json-c/json.h>", "base, core, session, plan and device know no JSON"),
    ("gateway/logbook.c", "<sqlite3.h>", "only gateway/history talks to SQLite"),
    ("gateway/core/rule.c", "<json-c/json.h>", "base, core, session, plan and device know no JSON"),
    ("gateway/core/rule.c", "<time.h>",
     "core has no clock, file or thread: time is an argument, text goes through base/str.h"),
    ("gateway/core/rule.c", "<stdio.h>",
     "core has no clock, file or thread: time is an argument, text goes through base/str.h"),
    ("gateway/core/rule.c", '"base/testing.h"', "only tests may"),
    ("gateway/core/rule.c", "<cmocka.h>", "only tests may"),
    ("gateway/gateway.c", '"core/rule.c"', "a source is compiled, not included"),
    ("gateway/core/rule.c", "HEADER", "expected the name of a header, so that it can be checked"),
    # plugins
    ("plugins/heat_pad/heat_pad.c", '"base/str.h"',
     f"a plugin may include {check_includes.PLUGIN_MAY}"),
    ("plugins/heat_pad/heat_pad.c", '"inversion_table/wt901.h"',
     f"a plugin may include {check_includes.PLUGIN_MAY}"),
    ("plugins/heat_pad/heat_pad.c", "<pthread.h>",
     f"a plugin may include {check_includes.PLUGIN_MAY}"),
    ("plugins/heat_pad/heat_pad.c", "<uv.h>",
     f"a plugin may include {check_includes.PLUGIN_MAY}"),
]


def write(root, file, text):
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def run(root):
    """What ctest runs: exit code and what is printed."""
    done = subprocess.run([str(CHECK), str(root)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


class CheckIncludes(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.directory.name)
        for file in ("gateway/base/str.h", "plugins/firmware/firmware.h", "plugins/plug/tasmota.h", "plugins/inversion_table/wt901.h"):
            write(self.root, file, "\n")

    def tearDown(self):
        self.directory.cleanup()

    def test_each_planted_include_gets_its_verdict(self):
        for file, header, told in PLANTED:
            with self.subTest(file=file, header=header):
                before = (self.root / file).read_text() if (self.root / file).exists() else None
                write(self.root, file, f"#include {header}\n")
                named = header.strip('<>"')
                self.assertEqual(list(check_includes.violations(self.root)),
                                 [f"{file}:1: includes {named}; {told}"] if told else [])
                if before is None:
                    (self.root / file).unlink()
                else:
                    write(self.root, file, before)

    def test_every_violation_is_told_with_its_line(self):
        write(self.root, "gateway/core/a.c", '/* #include <uv.h>\n */\n#include "base/str.h"\n\n#include <uv.h>\n')
        write(self.root, "gateway/core/b.h", '//\n  #  include "device/device.h" // why\n')
        code, out = run(self.root)
        self.assertEqual(code, 1)
        self.assertEqual([line.split(";")[0] for line in out.splitlines()],
                         ["gateway/core/a.c:5: includes uv.h", "gateway/core/b.h:2: includes device/device.h"])

    def test_comments_do_not_count_and_do_not_hide(self):
        write(self.root, "gateway/core/a.c",
              '// #include <uv.h>\nstatic const char *s = "/*";\n#include <uv.h>\nstatic const char *t = "*/";\n')
        self.assertEqual(run(self.root)[1].split(";")[0], "gateway/core/a.c:3: includes uv.h")

    def test_a_tree_without_violations_passes(self):
        self.assertEqual(run(self.root), (0, "includes go where they may\n"))

    def test_a_directory_without_sources_is_an_error(self):
        with tempfile.TemporaryDirectory() as empty:
            self.assertEqual(run(pathlib.Path(empty))[0], 1)


if __name__ == "__main__":
    unittest.main()
