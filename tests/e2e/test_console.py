#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a person at the machine can do: therapyctl, and the events that outlive whatever happens."""
import json
import os
import re
import signal
import subprocess
import unittest

from harness import Home, Schema, build_dir, now_us, wait_until

THERAPYCTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")
STOP_MS = 1000  # from the key to the open relay, through two processes and the broker


class AtHome(unittest.TestCase):
    def setUp(self):
        self.home = Home()
        self.enterContext(self.home)
        self.sim, self.client = self.home.sim, self.home.client

    def environment(self):
        return dict(os.environ, THERAPY_SOCKET=os.path.join(self.home.directory, "control.sock"), COLUMNS="80")

    def ctl(self, *words, expect=0):
        done = subprocess.run([THERAPYCTL, *words], capture_output=True, text=True, timeout=30, env=self.environment())
        self.assertEqual(done.returncode, expect, f"therapyctl {words}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def ctl_json(self, *words, expect=0):
        return json.loads(self.ctl("--json", *words, expect=expect))

    def permitted(self, device="pad", control="heat", timeout=20):
        self.home.wait_device(device, lambda s: s.get(f"{control}_permitted") == "ON",
                              f"{device}.{control} to be permitted", timeout)

    def heat(self):
        self.permitted()
        mark = self.sim.mark()
        self.ctl("command", "pad.heat", "on")
        self.sim.wait_event("relay", lambda e: e["on"], mark)
        self.home.wait_device("pad", lambda s: s.get("heat") == "ON", "heat to be shown as on")

    def relay_off(self, mark, timeout=8):
        return self.sim.wait_event("relay", lambda e: not e["on"], mark, timeout, "the relay to open")

    def relay_on_since(self, mark):
        return [e for e in self.sim.events[mark:] if e["event"] == "relay" and e["on"]]

    def schema(self):
        return Schema(self.client.wait("therapy/demo/schema", since=None).payload)

    def events(self, since, schema):
        return [schema.decode("SafetyEvent", m.payload) for m in self.client.messages[max(0, since - self.client.dropped):]
                if m.topic == "therapy/demo/event"]


class Stop(AtHome):
    def test_a_stop_ends_everything_and_a_reset_starts_nothing(self):
        self.heat()
        mark = self.sim.mark()
        begun = now_us()
        self.assertIn("everything is told to rest", self.ctl("stop"))
        off = self.relay_off(mark)
        self.assertLess((off["us"] - begun) / 1000, STOP_MS)
        print(f"relay open {(off['us'] - begun) / 1000:.1f} ms after therapyctl stop was started")
        self.assertIn("stopped", self.ctl("command", "pad.heat", "on", expect=1))
        latches = self.ctl_json("alarms")["latches"]
        self.assertEqual([latch["latch"] for latch in latches], ["stop"])
        self.assertIn("therapyctl reset", self.ctl("status"))
        safety = self.client.wait("therapy/demo/safety", lambda m: m.json["latches"], None).json
        self.assertEqual(safety["latches"][0]["latch"], "stop")
        again = self.sim.mark()
        self.client.publish("therapy/demo/reset", "PRESS", retain=True)  # a key that is held does nothing
        self.client.wait("therapy/demo/result", lambda m: m.json["outcome"] == "retained", None)
        self.client.publish("therapy/demo/reset", "", retain=True)
        self.assertEqual(len(self.ctl_json("alarms")["latches"]), 1)
        # a button must be let go for 2 s before it counts as pressed again
        wait_until(lambda: subprocess.run([THERAPYCTL, "reset"], capture_output=True, env=self.environment()).returncode == 0,
                   "a reset to be accepted", 15, 2.2)
        self.permitted()
        self.assertEqual(self.ctl_json("alarms")["latches"], [])
        self.assertEqual(self.relay_on_since(again), [], "a reset is no restart")
        self.heat()

    def test_a_stop_releases_traction_the_fast_way(self):
        self.sim.command("belt ramp 20")  # 4 s from 80 N: a ramp would be seen
        self.permitted("belt", "tension", 40)
        self.ctl("command", "belt.tension", "80 N")
        self.sim.wait_state(lambda s: s["belt"]["force"] > 75, "a force of 75 N")
        self.ctl("stop")
        self.sim.wait_state(lambda s: s["belt"]["force"] < 10, "no force", 1)
        self.assertIn("stopped by therapyctl", self.ctl("explain", "belt.tension"))


class Explain(AtHome):
    def test_a_trip_is_explained_with_its_cause_and_its_end(self):
        self.heat()
        mark = self.sim.mark()
        self.sim.command("table tilt 30 now")
        self.relay_off(mark)
        text = self.ctl("explain", "pad.heat")
        self.assertIn("pad.heat is off, refused", text)
        self.assertRegex(text, r"tripped  +no-heat-during-inversion, hazard 11")
        self.assertRegex(text, r"- table\.tilt 30°, must be <= 10 deg; \d+ ms old, at most 5\.0 s")
        self.assertRegex(text, r"First cause, .* ago: table\.tilt was 30 deg")
        self.assertIn("Armed again when all inversion.tilt <= 8 deg for 3 s", text)
        self.assertIn("a hanging person cannot move away from it", " ".join(text.split()))
        self.assertLessEqual(max(len(line) for line in text.splitlines()), 80)
        rule = self.ctl_json("explain", "pad.heat")["explanation"]["rules"][0]
        self.assertEqual((rule["rule"], rule["state"]), ("no-heat-during-inversion", "tripped"))
        self.assertEqual(rule["first_cause"]["metric"], "tilt")
        # the same is kept at the broker
        kept = self.client.wait("therapy/demo/pad/explain/heat",
                                lambda m: m.json["rules"][0]["state"] == "tripped", None).json
        self.assertEqual(kept["rules"][0]["rule"], "no-heat-during-inversion")

    def test_watch_shows_what_happens(self):
        self.permitted()
        watch = subprocess.Popen([THERAPYCTL, "watch"], stdout=subprocess.PIPE, text=True, env=self.environment())
        try:
            lines = iter(watch.stdout.readline, "")
            self.assertTrue(any("pad.heat" in line for line in lines), "it begins with how things are")
            self.ctl("command", "pad.heat", "on")
            self.assertTrue(any("pad.heat granted" in line for line in lines))
            self.assertTrue(any(re.match(r"pad\.relay +on", line) for line in lines))
        finally:
            watch.terminate()
            watch.wait()
            watch.stdout.close()

    def test_the_off_test_waits_for_its_outcome(self):
        self.permitted()
        mark = self.sim.mark()
        self.assertIn("pad.heat", self.ctl("off-test", "pad.heat"))
        self.relay_off(mark)
        explained = self.ctl_json("explain", "pad.heat")["explanation"]
        self.assertTrue(explained["timer_proved"])
        self.assertLess(explained["timer_proved_ago_ms"], 60000)
        self.assertFalse(explained["test_first"])
        self.assertRegex(self.ctl("explain", "pad.heat"), r"its own timer was proved [\d.]+ m?s ago\n")


class Journal(AtHome):
    def test_events_survive_kill_9_and_an_absent_broker_in_order_under_their_numbers(self):
        schema = self.schema()
        self.permitted("belt", "tension")  # which does not need the broker
        self.ctl("command", "belt.tension", "40 N")
        self.client.wait("therapy/demo/event", since=0)
        wait_until(lambda: self.ctl_json("status")["status"]["events_waiting"] == 0, "the first events to be delivered")
        before = self.events(0, schema)
        self.home.broker.stop()
        self.sim.command("table tilt 30 now")  # nobody hears of it
        wait_until(lambda: "tripped" in [e["event"] for e in self.ctl_json("events")["events"]], "the trip in the journal")
        self.ctl("stop")
        wait_until(lambda: [e["event"] for e in self.ctl_json("events")["events"]][-1:] == ["stopped"], "the stop in the journal")
        waiting = self.ctl_json("status")["status"]["events_waiting"]
        self.assertGreaterEqual(waiting, 2)
        journal = os.path.join(self.home.directory, "memory", "demo", "events")

        def on_disk():
            with open(journal, "rb") as f:
                return b"told to rest" in f.read()
        wait_until(on_disk, "the stop to be on disk")
        self.home.gateway.kill()
        self.home.gateway.child.log.close()
        told = self.client.mark()
        self.home.broker.start()
        self.client.wait_for(lambda: self.client.connected, "the client to be back", 15)
        self.home.start_gateway()
        self.client.wait("therapy/demo/event", lambda m: schema.decode("SafetyEvent", m.payload).type == 10, told,
                         what="the stop that was before the crash")
        after = self.events(told, schema)
        tripped = [e for e in after if e.type == 6]
        self.assertEqual([e.rule_id for e in tripped], ["no-traction-after-inversion"])
        tilt = [i for i in tripped[0].inputs if i.reading.key == "tilt"]
        self.assertAlmostEqual(tilt[0].reading.value, 30, delta=0.5)
        self.assertEqual((tilt[0].must_not, tilt[0].must), (True, "> 10 deg"))
        numbers = [e.sequence for e in after]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "in order, and none is missing")
        # What was delivered just before the crash may come again: then under its own number. No number is given twice.
        told_before = {e.sequence: e.text for e in before}
        self.assertEqual(sorted(told_before), list(range(1, len(told_before) + 1)))
        self.assertLessEqual(numbers[0], len(told_before) + 1)
        for event in after:
            self.assertEqual(event.text, told_before.get(event.sequence, event.text))
        self.assertIn("stop", [latch["latch"] for latch in self.ctl_json("alarms")["latches"]])


class Reload(AtHome):
    def write(self, old, new):
        text = self.home.config_text.replace(old, new, 1)
        self.assertNotEqual(text, self.home.config_text)
        with open(self.home.config, "w", encoding="utf-8") as f:
            f.write(text)

    def test_a_refused_file_changes_nothing_and_another_rule_holds_at_once(self):
        self.heat()
        self.write('"all inversion.tilt <= 10 deg"', '"all inversion.tilt <= 10 kilo"')
        refused = self.ctl("reload", expect=1)
        self.assertRegex(refused, r"gateway\.cfg:\d+: ")
        self.assertIn("kilo", refused)
        self.home.gateway.child.signal(signal.SIGHUP)
        wait_until(lambda: self.home.gateway.child.tail(80).count("was refused: the old one stays in force") == 2,
                   "the log to say so")
        self.assertTrue(self.sim.state()["pad"]["relay"], "what runs goes on under the old rules")
        self.write('name = "Heat pad"', 'name = "Other pad"')
        self.assertIn("a restart is needed: device 'pad' differs", self.ctl("reload", expect=1))
        mark = self.sim.mark()
        self.write('"all inversion.tilt <= 10 deg"', '"all inversion.tilt <= 5 deg"')
        self.assertIn("read anew", self.ctl("reload"))
        self.relay_off(mark)
        self.permitted()
        self.assertEqual(self.relay_on_since(mark), [])
        self.assertIn("<= 5 deg", self.ctl("explain", "pad.heat"))
        self.heat()  # grants go on being numbered: the device process takes it for a new one
        off = self.sim.mark()
        self.sim.command("table tilt 7 now")
        self.relay_off(off, 4)

    def test_what_the_profile_withdraws_permits_nothing_any_more(self):
        self.permitted()
        asks = 'rules = (\n  { id = "said"; permits = [ "kind:heat" ]; only_while = "person.heat_acknowledged == 1"; },\n'
        self.write("rules = (", "profile = { heat_acknowledged = true; };\n" + asks)
        self.ctl("reload")
        self.heat()
        self.ctl("command", "pad.heat", "off")
        self.write("rules = (", asks)
        self.ctl("reload")
        self.assertIn("said", self.ctl("command", "pad.heat", "on", expect=1))

    def test_a_latch_outlives_a_reload(self):
        self.permitted()
        self.ctl("stop")
        self.ctl("reload")
        self.assertEqual([latch["latch"] for latch in self.ctl_json("alarms")["latches"]], ["stop"])
        self.assertIn("stopped", self.ctl("command", "pad.heat", "on", expect=1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
