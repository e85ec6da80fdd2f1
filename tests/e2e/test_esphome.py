#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The boards of etc/esphome, emulated, through a real broker and gateway under the shipped rules and with the lines of configuration
that docs/esphome.md gives: on exactly the topics of the files; heat goes on when it is permitted and off by inversion, by itself when
the board loses the broker, by the last will when the gateway dies. Calibrating, taring and what takes half a minute: `ctest -L all`."""
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SOURCE, Home, now_us  # noqa: E402
from test_adjust import THERAPYCTL, Terminal  # noqa: E402

sys.path.insert(0, os.path.join(SOURCE, "tests", "esphome"))
from board import FOLDER, MODELS, heard, load, said  # noqa: E402


def documented():
    """The lines that docs/esphome.md says to write."""
    with open(os.path.join(SOURCE, "docs", "esphome.md"), encoding="utf-8") as f:
        return re.search(r"```\n(devices = \(.*?\);\n)```", f.read(), re.S)[1]


CONFIG = f"""gateway = {{{{ id = "demo"; }}}};
mqtt = {{{{ url = "${{{{MQTT_URL}}}}"; }}}};
profile = {{{{ heat_acknowledged = true; }}}};
rule_files = [ "{os.path.join(SOURCE, "etc", "rules.d")}" ];
{{devices}}"""


class AtHome(unittest.TestCase):
    boards = "table,belt,pad"

    def setUp(self):
        self.home = Home(sim=("--only", "none", "--esphome", self.boards),
                         config_text=CONFIG.format(devices=documented()))
        self.enterContext(self.home)
        self.sim, self.client = self.home.sim, self.home.client

    def value(self, device, metric, near=None, within=0.06, timeout=10):
        def fits(state):
            found = state.get(metric)
            return found is None if near is None else found is not None and abs(found - near) <= within
        return self.home.wait_device(device, fits, f"{device}.{metric} to be {near}", timeout)

    def state(self):
        return self.sim.state()["esphome"]

    def tilt(self, degrees, how="now"):
        self.sim.command(f"esphome tilt {degrees} {how}")

    def environment(self):
        return dict(os.environ, THERAPY_SOCKET=os.path.join(self.home.directory, "control.sock"), COLUMNS="80", NO_COLOR="1",
                    TERM="dumb")

    def terminal(self, *words):
        terminal = Terminal(self.environment(), *words)
        self.addCleanup(terminal.close)
        return terminal

    def heat(self):
        """It heats, truly. Client and simulator marks from before."""
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 20)
        self.home.wait_at_rest("pad", "heat", 0)
        marks = self.client.mark(), self.sim.mark()
        result = self.home.request("pad", "heat", 1)
        self.assertEqual(result["outcome"], "accepted", result)
        self.sim.wait_event("esphome", lambda e: e.get("on") is True, marks[1], what="the pad's relay to close")
        return marks

    def off(self, since, timeout):
        return self.sim.wait_event("esphome", lambda e: e.get("on") is False, since, timeout, "the pad's relay to open")


class Boards(AtHome):
    def test_an_evening(self):
        # What they say is read, and is true.
        self.tilt(7.5)
        self.sim.command("esphome pull 12.5")
        self.value("table", "tilt", 7.5)
        self.value("belt", "force", 12.5)
        self.value("pad", "power", 0)

        # Permitted, it heats; the renewals arrive.
        _, sim_mark = self.heat()
        self.value("pad", "power", 36)

        # Inverted, it does not.
        tilted_us = now_us()
        self.tilt(25)
        off_ms = (self.off(sim_mark, 5)["us"] - tilted_us) / 1000
        print(f"off {off_ms:.0f} ms after the table was tilted")
        self.assertLess(off_ms, 2000)
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "OFF", "heat to be forbidden")

        # A chip that hangs is not believed, within two seconds of its last sample.
        self.sim.command("esphome hang table on")
        self.value("table", "tilt", None)
        self.sim.command("esphome hang table off")
        self.value("table", "tilt", 25)
        self.value("pad", "power", 0)

        # All of it was on the topics of the files, and on no others.
        topics = {m.topic for m in self.client.messages}
        for model in MODELS:
            conf = load((FOLDER / f"{model}.yaml").read_text())
            name = conf["esphome"]["name"]
            self.assertEqual({t for t in topics if t.startswith(f"{name}/")} - set(heard(conf)), set(said(conf)), model)


class HalfAMinute(AtHome):
    """`ctest -L all`."""

    def test_discover_offers_each_with_the_lines_of_the_document(self):
        run = subprocess.run([THERAPYCTL, "discover", "--broker", self.home.url, "--for", "1s"], capture_output=True, text=True,
                             timeout=60)
        offered = set(re.findall(r"plugin = .*;", run.stdout))
        wanted = {re.sub(r'name = "[^"]*"; ', "", line) for line in re.findall(r"plugin = .*;", documented())}
        self.assertEqual(offered, wanted, run.stdout + run.stderr)

    def test_off_by_itself_when_the_board_loses_the_broker_and_it_stays_off(self):
        client_mark, sim_mark = self.heat()
        self.sim.wait_state(lambda s: s["esphome"]["pad"]["renewals"] >= 1, "a renewal", 10)
        conf = load((FOLDER / "heat-pad.yaml").read_text())
        self.assertTrue(set(heard(conf)) <= {m.topic for m in self.client.messages}, "the board was told nothing there")
        lost_us = now_us()
        self.sim.command("esphome network pad off")
        self.client.wait("therapy-pad/status", lambda m: m.text == "offline", client_mark)
        off_s = (self.off(sim_mark, 35)["us"] - lost_us) / 1e6
        print(f"off {off_s:.2f} s after the board lost the broker")
        self.assertTrue(24 <= off_s <= 30.2)
        mark = self.client.mark()
        self.sim.command("esphome network pad on")
        self.client.wait("therapy-pad/relay", lambda m: m.text == "OFF", mark)
        self.value("pad", "power", 0)
        self.assertFalse(self.state()["pad"]["relay"])

    def test_off_by_the_last_will_when_the_gateway_is_killed(self):
        _, sim_mark = self.heat()
        killed_us = now_us()
        self.home.gateway.kill()
        off_s = (self.off(sim_mark, 35)["us"] - killed_us) / 1e6
        print(f"off {off_s:.2f} s after the gateway was killed")
        self.assertLess(off_s, 5)

    def test_a_power_cut_leaves_it_off(self):
        _, sim_mark = self.heat()
        self.sim.command("esphome power pad off")
        self.off(sim_mark, 1)
        mark = self.client.mark()
        self.sim.command("esphome power pad on")
        self.client.wait("therapy-pad/relay", lambda m: m.text == "OFF", mark)
        self.assertFalse(self.state()["pad"]["relay"])

    def test_calibrate_finds_which_way_the_sensor_counts(self):
        self.home.wait_at_rest("pad", "heat", 0)
        t = self.terminal("calibrate", "table")
        for degrees in (70, -1.5, -16.5):  # upright, level, head down: this one counts down
            t.expect("Press Enter when it is so: ")
            self.tilt(degrees)
            self.value("table", "angle", degrees)
            t.press("\n")
        t.expect(r'sign = "reversed"; zero_deg = -1\.5;')
        t.press("y\n")
        self.assertEqual(t.end(), 0, t.seen)
        self.value("table", "tilt", 15)
        self.tilt(68.5)
        self.value("table", "tilt", -70)

    def test_a_hook_is_tared_and_a_load_is_not(self):
        self.sim.command("esphome pull 8")
        self.value("belt", "force", 8)
        self.home.wait_at_rest("pad", "heat", 0)
        t = self.terminal("tare", "belt")
        t.expect("Press Enter when it is so: ")
        t.press("\n")
        t.expect(r"zero_n = 8\.?0?;")
        t.press("y\n")
        self.assertEqual(t.end(), 0, t.seen)
        self.value("belt", "force", 0)
        self.sim.command("esphome pull 108")
        self.value("belt", "force", 100)
        run = subprocess.run([THERAPYCTL, "tare", "belt"], capture_output=True, text=True, timeout=30, env=self.environment())
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)


class OneOfThree(AtHome):
    """`ctest -L all`."""
    boards = "table"

    def test_a_board_that_nobody_has_flashed_is_not_heard_yet_and_not_here(self):
        def shown(command):
            run = subprocess.run([THERAPYCTL, command], capture_output=True, text=True, timeout=30, env=self.environment())
            self.assertEqual(run.returncode, 0, run.stderr)
            return run.stdout
        self.value("table", "tilt", 0)
        status, devices = shown("status"), shown("devices")
        self.assertRegex(status, r"\n  table +here ")
        self.assertRegex(status, r"\n  pad +not heard yet ")
        self.assertRegex(devices, r"(?m)^belt .*, not heard yet$")
        self.sim.command("esphome power table off")
        self.client.wait("therapy-table/status", lambda m: m.text == "offline", None)
        self.home.wait_device("table", lambda s: s.get("tilt") is None, "the table to be gone")
        self.assertRegex(shown("status"), r"\n  table +not there ")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main(verbosity=2)
