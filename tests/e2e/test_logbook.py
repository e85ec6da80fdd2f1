#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The course of therapy: what becomes a session, what is shown and published of it, what a kill -9 in its middle costs,
what a person adds and what is refused of it, and what nobody else gets to see. A session is over 60 s after it was: what
waits for that is in test_logbook_long.py."""
import glob
import json
import os
import socket
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Client, Home, build_dir, now_us, wait_until  # noqa: E402

# One rule, so that table, belt and pad may be used at once and one of them can still be tripped.
RULE = "no-heat-during-inversion"
CONFIG = f"""gateway = {{ id = "demo"; }};
mqtt = {{ url = "${{MQTT_URL}}"; }};
devices = (
  {{ id = "table"; name = "Inversion table"; plugin = "inversion_table"; model = "wt901"; link = "serial:${{THERAPY_SIM}}/table";
     options = {{ axis = "roll"; sign = "normal"; }}; }},
  {{ id = "belt"; name = "Traction belt"; plugin = "traction_belt"; model = "firmware"; link = "tcp://127.0.0.1:${{THERAPY_BELT_PORT}}"; }},
  {{ id = "pad"; name = "Heat pad"; plugin = "heat_pad"; model = "tasmota"; link = "mqtt:pad_plug"; heats_when_powered = true; }}
);
rules = (
  {{ id = "{RULE}"; hazard = 11; permits = [ "kind:heat" ]; only_while = "all inversion.tilt <= 20 deg"; max_age = "5 s"; }},
  {{ id = "traction-while-heard"; hazard = 14; permits = [ "kind:traction" ]; only_while = "all inversion.tilt <= 170 deg"; max_age = "5 s"; }}
);
"""
NAME, NOTE = "Xaverine Quux", "geheimer Vermerk 4711"
RIGHT_MS = 300   # what the gateway may be off from what the simulator did
CRASH_MS = 1000  # ... around a kill -9


class Logbook(unittest.TestCase):
    """A home, and what a person, Home Assistant and an administrator see of its logbook."""

    kind = Home
    prefix = ()

    def begin(self, config=CONFIG, **environ):
        self.home = self.kind(config_text=config, gateway=False)
        self.home.environ = environ
        self.home.prefix = self.prefix
        self.enterContext(self.home)
        self.sim, self.client, self.base = self.home.sim, self.home.client, self.home.base
        self.started = self.client.mark()
        self.home.start_gateway()
        self.schema = self.home.schema()
        self.sim.command("table watch 10")
        self.home.wait_device("table", lambda s: s.get("tilt") is not None, "a reading of the table")

    def again(self):
        """A gateway after the one that ended or was killed."""
        self.home.gateway.stop()  # which closes its log
        self.started = self.client.mark()
        self.home.start_gateway()

    # ---- what is seen ----

    def path(self, name):
        return os.path.join(self.home.directory, "memory", "demo", name)

    def course(self, fits, since, what, timeout=10):
        return self.client.wait(f"{self.base}/course", lambda m: fits(m.json), since, timeout, what).json

    def runs(self, *devices, since=None, timeout=10):
        def fits(course):
            return sorted(one["device"] for one in course["running"] if one["active"]) == sorted(devices)
        return self.course(fits, self.started if since is None else since, f"'{devices}' to run", timeout)

    def record(self, message):
        return self.schema.decode("SessionRecord", message.payload)

    def finished(self, device, since, timeout=75):
        """The SessionRecord of the device's next finished session, as consumers get it."""
        message = self.client.wait(f"{self.base}/session", lambda m: self.record(m).device_id == device, since, timeout,
                                   f"the finished session of {device}")
        self.assertEqual(message.qos, 1, "a finished session is published with QoS 1")
        return self.record(message)

    def end_of(self, record):
        return record.DESCRIPTOR.fields_by_name["end"].enum_type.values_by_number[record.end].name[12:].lower()

    def sessions(self, *options):
        """What `therapyctl sessions --json` shows."""
        run = subprocess.run([os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl"), "--socket",
                              f"{self.home.directory}/control.sock", "sessions", "--everybody", "--json", *options],
                             capture_output=True, text=True, timeout=20)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        return json.loads(run.stdout)

    def session(self, fits, what, timeout=5):
        return wait_until(lambda: next((s for s in self.sessions() if fits(s)), None), what, timeout, 0.1)

    def order(self, **asked):
        """One line on the control socket, as therapyctl sends it."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(f"{self.home.directory}/control.sock")
            s.sendall(json.dumps(asked).encode() + b"\n")
            with s.makefile() as lines:
                return json.loads(lines.readline())

    def fresh(self, topic):
        """What a client that comes only now is told of a topic: it is asked after what the broker surely keeps."""
        client = Client(self.home.broker.port, subscriptions=(topic, f"{self.base}/availability"))
        try:
            client.wait(f"{self.base}/availability", since=0)
            client.publish("e2e/last", "")
            mark = client.mark()
            client.mqtt.subscribe("e2e/last", 1)
            client.publish("e2e/last", "")  # behind all that was kept
            client.wait("e2e/last", since=mark)
            return [m for m in client.messages if m.retained and m.topic == topic]
        finally:
            client.close()

    def log(self):
        with open(self.home.gateway.child.log_path, errors="replace") as f:
            return f.read()

    # ---- what is done ----

    def ask(self, what, value, retain=False):
        self.client.publish(f"{self.base}/course/set/{what}", value, retain=retain)

    def tilt(self, deg):
        """When the table passed 10 degrees in truth, us."""
        mark = self.sim.mark()
        self.sim.command(f"table tilt {deg} now")
        return self.sim.wait_event("crossing", since=mark)["us"]

    def heat(self):
        """When the relay closed, us."""
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 20)
        mark = self.sim.mark()
        result = self.home.request("pad", "heat", 1)
        self.assertEqual(result["outcome"], "accepted", result)
        return self.sim.wait_event("relay", lambda e: e["on"], mark)["us"]

    def relay_off(self, mark):
        return self.sim.wait_event("relay", lambda e: not e["on"], mark)["us"]

    def pull(self, newtons=40):
        self.home.wait_device("belt", lambda s: s.get("tension_permitted") == "ON", "traction to be permitted", 20)
        result = self.home.request("belt", "tension", newtons)
        self.assertEqual(result["outcome"], "accepted", result)

    def assert_ms(self, found, expected, delta, what):
        print(f"{self.id().split('.')[-1]}: {what}: {found} ms, in truth {expected:.0f}")
        self.assertAlmostEqual(found, expected, delta=delta, msg=what)


class Shown(Logbook):
    def test_two_at_once_are_shown_and_what_a_person_adds_is_theirs_alone(self):
        self.begin()
        # a person, before anything runs
        wait_until(lambda: self.order(do="person", step="list")["ok"], "the people to be read", 5, 0.05)
        self.assertTrue(self.order(do="person", step="set", name=NAME, create=True)["ok"])
        mark = self.client.mark()
        self.ask("person", NAME)
        self.course(lambda c: c["person"] == NAME, mark, "the person to be chosen")
        self.ask("person", NAME + "x")  # a slip of the finger

        # beyond 10 degrees for 2 s is a session; guidance says so within 6 s
        mark = self.client.mark()
        began_us = self.tilt(30)
        self.pull()
        course = self.runs("table", since=mark, timeout=6)
        self.assertLess(now_us() - began_us, 6_000_000)
        self.assertRegex(course["guidance"], "Inversion table: ")
        course = self.runs("table", "belt", since=mark, timeout=20)
        self.assertRegex(course["guidance"], "Inversion table: .* · Traction belt: ")

        # pain and a note are the session's
        mark = self.client.mark()
        self.ask("pain_before", "4")
        self.ask("note", NOTE)
        self.course(lambda c: c["pain_before"] == 4 and c["note"] == NOTE, mark, "pain and note to be shown")

        # rubbish changes nothing, and is answered with what is
        for what, value in (("pain_before", "eleven"), ("pain_before", "11"), ("pain_before", "-1"), ("pain_before", ""),
                            ("pain_before", "4294967301"), ("pain_before", "5.junk"), ("pain_before", " 5"), ("pain_before", "0x5"),
                            ("pain_before", "5\n"), ("pain_before", b"\xff\xfe"), ("pain_before", b"5\x00"), ("pain_before", "5" * 600),
                            ("note", b"\xc3\x28"), ("note", "n" * 600), ("log", ""), ("log", "l" * 64), ("nonsense", "1"), ("person", ""),
                            ("pain_after/more", "5")):
            self.ask(what, value)
        self.ask("pain_after", "9", retain=True)  # what the broker keeps would be said again on another day
        self.ask("pain_after", "2.0")
        course = self.course(lambda c: c["pain_after"] is not None, mark, "what was asked last to be shown")
        self.assertEqual((course["pain_before"], course["pain_after"], course["note"]), (4, 2, NOTE), "rubbish changed something")
        rows = self.sessions()
        self.assertEqual(sorted(row["device"] for row in rows), ["belt", "table"], rows)
        self.assertEqual({row["person"] for row in rows}, {NAME})
        self.assertEqual({row["end"] for row in rows}, {"running"})
        self.assertEqual([row["pain_before"] for row in rows if row["device"] == "table"], [4])

        since = self.client.mark()
        self.assertEqual(self.home.gateway.stop(), 0)
        ended_us = now_us()
        records = {device: self.finished(device, since, 5) for device in ("table", "belt")}
        table = records["table"]
        self.assertEqual(self.end_of(table), "cut", "an ordinary end cuts what runs, and says so")
        self.assertIn(self.end_of(records["belt"]), ("cut", "ended"))  # the gateway brings it to rest before
        self.assert_ms(table.active_ms, (ended_us - began_us) / 1e3, 1500, "active until the gateway ended")
        self.assertEqual((table.pain_before, table.note), (4, NOTE))
        self.assertNotIn(NAME.encode(), b"".join(m.payload for m in self.client.messages if m.topic.endswith("/session")),
                         "names stay in the gateway")
        self.again()
        course = self.course(lambda c: c["today"], self.started, "the totals of today")
        self.assertNotEqual(course["pain_after"], 9, "a retained request was taken")
        self.assertEqual((course["today"]["sessions"], course["today"]["inversion"]["sessions"]), (2, 1), course["today"])
        self.assertEqual(sorted((row["id"], row["end"]) for row in self.sessions()),
                         sorted((r.session_id, self.end_of(r)) for r in records.values()), "nothing is there twice")

        # the last session is still the one that pain and notes are about, whoever started the gateway since
        course = self.course(lambda c: c["last"], self.started, "the last session to be shown")
        last = course["last"]
        self.assertIn(last["id"], {r.session_id for r in records.values()})
        mark = self.client.mark()
        self.ask("pain_after", "1")
        self.course(lambda c: c["pain_after"] == 1, mark, "pain after to be told of it")
        self.session(lambda s: s["id"] == last["id"] and s["pain_after"] == 1, "pain after to be kept")

        # privacy
        self.assertEqual(self.fresh(f"{self.base}/course"), [], "the broker keeps the course though nobody asked for that")
        self.assertEqual(self.fresh(f"{self.base}/session"), [])
        for path in glob.glob(self.path("history.db*")) + glob.glob(f"{self.home.directory}/*.running"):
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600, path)
        # of who is erased nothing is shown any more
        mark = self.client.mark()
        self.assertTrue(self.order(do="person", step="erase", name=NAME)["ok"])
        course = self.course(lambda c: not c["people"] and not c["last"], mark, "nothing to be shown of who was erased")
        self.assertEqual((course["note"], course["pain_after"], course["person"]), ("", None, ""))
        self.assertEqual(self.sessions(), [])
        self.assert_no_health_in_log()

    def assert_no_health_in_log(self):
        log = self.log()
        self.assertIn("course/set/pain_before", log, "what was refused is logged")
        for secret in (NAME, NAME.split()[0], NOTE, "eleven", "4294967301", "nnnnnnnn", "llllllll"):
            self.assertNotIn(secret, log)


class Kill(Logbook):
    def test_a_kill_in_the_middle_costs_no_more_than_a_second(self):
        """It goes on as the same session, and the time off counts as active and not known."""
        self.begin()
        mark = self.client.mark()
        began_us = self.tilt(30)
        self.runs("table", since=mark)
        before = self.session(lambda s: s["device"] == "table", "the session")
        note = wait_until(lambda: glob.glob(f"{self.home.directory}/*.running"), "what runs to be noted", 3)
        self.assertEqual(stat.S_IMODE(os.stat(note[0]).st_mode), 0o600)
        self.ask("pain_before", "3")
        self.course(lambda c: c["pain_before"] == 3, mark, "pain to be shown")
        self.client.wait_for(lambda: now_us() - began_us > 3_000_000, "3 s of inversion", 4)
        self.home.gateway.kill()
        killed_us = now_us()
        self.client.wait_for(lambda: now_us() - killed_us > 1_000_000, "1 s without a gateway", 2)
        self.again()
        self.runs("table")
        heard = self.home.client.wait(f"{self.base}/table/state", lambda m: m.json.get("tilt") is not None, self.started)
        self.client.wait_for(lambda: now_us() - heard.us > 1_000_000, "1 s with it", 2)
        rows = self.sessions()
        self.assertEqual([row["id"] for row in rows], [before["id"]], "it is the same session")
        self.assertEqual(rows[0]["pain_before"], 3, "what was told is not lost")
        mark = self.client.mark()
        level_us = self.tilt(0)
        self.course(lambda c: "rest flat" in c["guidance"], mark, "the table to be level")
        row, = self.sessions()  # while it runs, too, it is shown as it is now
        self.assert_ms(row["active_ms"], (level_us - began_us) / 1e3, CRASH_MS, "active around a kill")
        off_ms = (heard.us - killed_us) / 1e3
        self.assertGreaterEqual(row["unknown_ms"], off_ms - CRASH_MS)
        self.assertLessEqual(row["unknown_ms"], off_ms + CRASH_MS)
        # an ordinary end while the table is level: it is over, and not cut
        mark = self.client.mark()
        self.assertEqual(self.home.gateway.stop(), 0)
        record = self.finished("table", mark, 5)
        self.assertEqual((self.end_of(record), record.session_id), ("ended", before["id"]))
        self.assert_ms(record.active_ms, (level_us - began_us) / 1e3, CRASH_MS, "active in the record")


if __name__ == "__main__":
    unittest.main()
