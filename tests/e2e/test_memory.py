#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the gateway remembers when it ends, is killed, or its file is damaged, missing or cannot be written."""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Home, Schema, now_us, wait_until  # noqa: E402

GAP_S = 8   # at home 10 or 20 minutes
HEAT_S = 4  # at home 20 minutes
SLACK_S = 4
CONFIG = f"""gateway = {{ id = "demo"; }};
mqtt = {{ url = "${{MQTT_URL}}"; }};
devices = ( {{ id = "pad"; plugin = "heat_pad"; model = "tasmota"; link = "mqtt:pad_plug"; }} );
derived = (
  {{ id = "session_time"; kind = "heat"; type = "time"; of = "on(self)"; gap = "{GAP_S} s"; }},
  {{ id = "sessions"; kind = "heat"; type = "count"; of = "on(self)"; gap = "{GAP_S} s"; within = "1 d"; }}
);
rules = (
  {{ id = "slow-burn"; hazard = 9; permits = [ "kind:heat" ]; only_while = "all heat.session_time <= {HEAT_S} s"; }},
  {{ id = "sessions-a-day"; hazard = 16; permits = [ "kind:heat" ]; only_while = "all heat.sessions < 3"; }}
);
"""
# Between two times of heat as a rule of its own: a window that is remembered, too.
PAUSE = CONFIG.replace("rules = (", f"""rules = (
  {{ id = "pause"; hazard = 10; permits = [ "kind:heat" ]; only_while = "{GAP_S} s since on(kind:heat) or on(kind:heat)"; }},""")
LOST = "missing or damaged"


class Remembers(unittest.TestCase):
    prefix = ()

    def begin(self, config=CONFIG):
        self.home = Home(config_text=config, sim=("--only", "pad"), gateway=False)
        self.home.prefix = self.prefix
        self.enterContext(self.home)
        self.sim, self.client = self.home.sim, self.home.client
        self.place = os.path.join(self.home.directory, "memory", "demo")
        self.start()

    def start(self):
        self.since = self.client.mark()  # what an earlier gateway said is no news
        self.home.start_gateway()

    def file(self, name="state"):
        return os.path.join(self.place, name)

    def remembered(self):
        """The state file, decoded with the gateway's own schema: frame and checksum aside, it is protobuf."""
        schema = Schema(self.client.wait(f"{self.home.base}/schema", since=None).payload)
        with open(self.file(), "rb") as f:
            return schema.decode("Memory", f.read()[16:-4])

    def rows(self):
        return {row.key: list(row.numbers) for row in self.remembered().rows}

    def permitted(self, timeout=GAP_S + SLACK_S + 6):
        self.client.wait(f"{self.home.base}/pad/state", lambda m: m.json.get("heat_permitted") == "ON" and not m.retained,
                         self.since, timeout, "heat to be permitted")
        return now_us()

    def refused(self, word):
        """Refused for this reason; before the plug has said how it is, the reason is another."""
        def ask():
            result = self.home.request("pad", "heat", 1)
            self.assertNotEqual(result["outcome"], "accepted", result)
            return result if re.search(word, result["reason"]) else None
        return wait_until(ask, f"heat to be refused: {word}", 10, 0.1)

    def heat(self):
        self.permitted()
        mark = self.sim.mark()
        result = self.home.request("pad", "heat", 1)
        self.assertEqual(result["outcome"], "accepted", result)
        self.since = self.client.mark()
        return self.sim.wait_event("relay", lambda e: e["on"], mark)["us"]

    def relay_off(self, mark, timeout=8):
        return self.sim.wait_event("relay", lambda e: not e["on"], mark, timeout, "the relay to open")["us"]

    def assert_gap(self, off_us, permitted_us):
        gap = (permitted_us - off_us) / 1e6
        print(f"{self.id().split('.')[-1]}: permitted {gap:.1f} s after off, {GAP_S} s are asked for")
        self.assertGreaterEqual(gap, GAP_S - 0.1)  # off at the relay is a moment before off as read
        self.assertLess(gap, GAP_S + SLACK_S)


class RestartTest(Remembers):
    def test_a_kill_while_heating_keeps_sum_and_pause(self):
        self.begin(CONFIG.replace(f"<= {HEAT_S} s", f"<= {HEAT_S + 6} s"))
        on = self.heat()
        rows = self.rows()  # written before the relay closed
        self.assertEqual(rows["pad.session_time"][1], 2, "the session runs, says the file that was written before it")
        mark = self.sim.mark()
        self.client.wait_for(lambda: now_us() - on > 2_500_000, "2.5 s of heat")
        self.home.gateway.kill()
        off = self.relay_off(mark)
        self.start()
        self.assertIn("written before it was cut off", self.home.gateway.child.tail())
        again = self.heat()
        self.assertLess((again - off) / 1e6, GAP_S, "it goes on with the same session")
        self.assertGreater(self.rows()["pad.session_time"][2], (off - on) / 1e3)
        # the second time is the rest of the same session: it has not twice the time
        mark = self.sim.mark()
        trip = self.relay_off(mark, HEAT_S + 8)
        heated = (off - on + trip - again) / 1e6
        print(f"heated for {heated:.1f} s around a kill, {HEAT_S + 6} s are allowed")
        self.assertLess(heated, HEAT_S + 6 + 1.5)
        self.refused("pad.session_time")
        # and the pause goes on through a second kill
        self.home.gateway.kill()
        self.start()
        self.refused("pad.session_time")
        self.assert_gap(trip, self.permitted())

    def test_an_orderly_end_keeps_the_pause_and_nothing_resumes(self):
        self.begin(PAUSE)
        self.heat()
        mark = self.sim.mark()
        self.assertEqual(self.home.gateway.stop(), 0)
        off = self.relay_off(mark)
        self.assertTrue(self.remembered().clean)
        mark = self.sim.mark()
        self.start()
        self.assertIn("written at an orderly end", self.home.gateway.child.tail())
        self.refused(r"rule pause")
        permitted = self.permitted()
        self.assert_gap(off, permitted)
        self.assertEqual([e for e in self.sim.events[mark:] if e["event"] == "relay" and e["on"]], [])

    def test_a_killed_gateway_begins_the_pause_when_it_is_back(self):
        self.begin(PAUSE)
        self.heat()
        mark = self.sim.mark()
        self.home.gateway.kill()
        off = self.relay_off(mark)
        self.start()
        self.assert_gap(off, self.permitted())

    def test_the_count_of_a_day_survives_kills(self):
        self.begin(CONFIG.replace(f"{GAP_S} s", "1 s").replace(f"<= {HEAT_S} s", "<= 20 min"))
        for _ in range(3):
            self.heat()
            mark = self.sim.mark()
            self.home.gateway.kill()
            self.relay_off(mark)
            self.start()
            before = len(self.rows()["pad.sessions"])
            wait_until(lambda: len(self.rows()["pad.sessions"]) > before or before > 6 + 2 * 2, "the session to be over")
        self.refused("sessions-a-day")


class LostTest(Remembers):
    def lose(self, how):
        self.begin()
        self.permitted()
        self.assertEqual(self.home.gateway.stop(), 0)
        how()
        self.start()
        self.refused(LOST)
        self.assertEqual(self.home.request("pad", "heat", 0)["outcome"], "accepted")
        # written anew, killed and started again it is still latched
        self.home.gateway.kill()
        self.start()
        self.refused(LOST)
        started = now_us()
        wait_until(lambda: now_us() - started > 2_100_000, "a reset that is not one held since the start")
        result = self.home.order("reset")
        self.assertEqual(result["outcome"], "accepted", result)
        self.heat()

    def damage(self):
        with open(self.file(), "r+b") as f:
            f.seek(20)
            byte = f.read(1)[0]
            f.seek(20)
            f.write(bytes([byte ^ 1]))

    def test_a_damaged_file_latches(self):
        self.lose(self.damage)

    def test_a_missing_file_latches(self):
        self.lose(lambda: [os.unlink(self.file(name)) for name in ("state", "state.previous")])

    def test_a_first_start_does_not(self):
        self.begin()
        self.heat()


class DiskTest(Remembers):
    """A disk of 64 KB that the gateway alone sees."""

    def setUp(self):
        user = [] if os.geteuid() == 0 else ["-r"]
        self.prefix = ("unshare", "-m", *user, "sh", "-c",
                       'mkdir -p "$STATE_DIRECTORY" && mount -t tmpfs -o size=64k none "$STATE_DIRECTORY" && exec "$@"', "sh")

    def fill(self):
        with open(f"{self.memory()}/ballast", "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(4096))
            except OSError:
                pass

    def memory(self):
        return f"/proc/{self.home.gateway.child.pid}/root{self.home.directory}/memory"

    def test_a_full_disk_still_takes_the_memory(self):
        """Space for it is kept, so what is granted on a full disk is remembered as ever."""
        self.begin()
        self.heat()
        self.fill()
        mark = self.sim.mark()
        self.assertEqual(self.home.request("pad", "heat", 0)["outcome"], "accepted")
        self.relay_off(mark)
        self.assertEqual(self.home.order("stop")["outcome"], "accepted")

        def kept():
            with open(f"{self.memory()}/demo/state", "rb") as f:
                return b"stop/mqtt" in f.read()
        wait_until(kept, "the stop in the file")

    def test_what_cannot_be_written_refuses_and_off_is_still_off(self):
        self.begin()
        self.heat()
        in_the_way = f"{self.memory()}/demo/state.new"  # also for root
        os.mkdir(in_the_way)
        mark = self.sim.mark()
        self.assertEqual(self.home.request("pad", "heat", 0)["outcome"], "accepted")
        self.relay_off(mark)
        mark = self.sim.mark()
        self.refused_full()
        self.assertEqual(self.home.request("pad", "heat", 0)["outcome"], "accepted")
        self.assertEqual([e for e in self.sim.events[mark:] if e["event"] == "relay" and e["on"]], [])
        # a stop is obeyed, and says what it cannot promise
        self.assertIn("after a restart it is not latched", self.home.order("stop")["reason"])
        self.assertIn("after a restart it is not latched", self.home.request("pad", "heat", 1)["reason"])
        self.since = self.client.mark()
        os.rmdir(in_the_way)
        wait_until(lambda: "not latched" not in self.home.request("pad", "heat", 1)["reason"], "the stop to be kept", 30, 0.2)
        self.assertEqual(self.home.reset()["outcome"], "accepted")
        self.permitted(30)  # it tries again by itself
        self.heat()

    def refused_full(self):
        """The first request may be the one that finds out: it is accepted, and ended before anything is switched on."""
        def ask():
            return "cannot be written" in self.home.request("pad", "heat", 1)["reason"]
        wait_until(ask, "heat to be refused because nothing can be written", 10, 0.1)


class PlaceTest(Remembers):
    def test_a_file_where_the_directory_should_be_is_told_and_nothing_is_granted(self):
        self.home = Home(config_text=CONFIG, sim=("--only", "pad"), gateway=False)
        self.enterContext(self.home)
        self.sim, self.client = self.home.sim, self.home.client
        place = os.path.join(self.home.directory, "memory", "demo")
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w"):
            pass
        self.start()
        self.assertIn("missing or damaged", self.refused(LOST)["reason"])
        log = self.home.gateway.child.tail(60)
        self.assertIn(f"the journal in {place} cannot be written (not a directory)", log)

    def test_a_second_gateway_on_one_directory_does_not_start(self):
        self.begin()
        first = self.home.gateway
        self.home.start_gateway(wait=False)
        second, self.home.gateway = self.home.gateway, first
        self.assertEqual(second.child.wait(10), 1)
        self.assertRegex(second.child.tail(), f"{self.place} is in use by another gateway .process {first.child.pid}.*gateway.state_dir")
        self.assertTrue(first.child.alive())
        self.heat()
        # a kill lets go of it, though its device processes live a moment longer
        first.kill()
        self.start()


if __name__ == "__main__":
    unittest.main()
