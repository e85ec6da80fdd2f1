#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Devices that share one device process: what ends it ends it for all of them, and each goes to rest as if it were alone.

One story in every check; the others, which wait for deadlines, only with THERAPY_ALL set (`check --all`)."""
import os
import re
import shutil
import signal
import subprocess
import unittest

from harness import Failure, Home, build_dir, now_us, wait_until
from plugs import Plugs

LEASE_US = 1_000_000  # gateway.lease
HOME = """
gateway = { id = "demo"; };
mqtt = { url = "${MQTT_URL}"; };
devices = (
  { id = "table"; plugin = "inversion_table"; model = "wt901"; process = "bench"; link = "serial:${THERAPY_SIM}/table";
    options = { axis = "roll"; sign = "normal"; }; },
  { id = "left"; plugin = "heat_pad"; model = "tasmota"; process = "bench"; link = "mqtt:left_plug"; },
  { id = "right"; plugin = "heat_pad"; model = "tasmota"; process = "bench"; link = "mqtt:right_plug"; },
  { id = "alone"; plugin = "heat_pad"; model = "tasmota"; link = "mqtt:alone_plug"; }
);
rules = ( { id = "no-heat-during-inversion"; hazard = 11; permits = [ "kind:heat" ]; only_while = "all inversion.tilt <= 10 deg";
            max_age = "5 s"; grace = "1 s"; hard = "all inversion.tilt <= 20 deg";
            rearms = "all inversion.tilt <= 8 deg for 1 s"; priority = "high"; because = "As in the shipped rules."; } );
"""
SHARING = ("left", "right")
PADS = SHARING + ("alone",)
CTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")
ALL = bool(os.environ.get("THERAPY_ALL"))


class SharedHome(Home):
    def __init__(self, text=HOME):
        super().__init__(config_text=text)
        self.plugs = None

    def before_sim(self):
        self.plugs = Plugs(self.broker.port, [f"{pad}_plug" for pad in PADS])

    def __exit__(self, *what):
        if self.plugs:
            self.plugs.close()
        return super().__exit__(*what)

    def plug(self, pad):
        return self.plugs.plugs[f"{pad}_plug"]

    def processes(self):
        """As their command lines call them: {name: pid}."""
        found = {}
        for pid in self.gateway.child.descendants():
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                found[f.read().decode().split("\0")[2]] = pid
        return found

    def heat_on(self):
        """All that are off; one that was suspended for a moment goes on by itself."""
        for pad in PADS:
            self.wait_device(pad, lambda s: s.get("heat_permitted") == "ON", f"heat of {pad} to be permitted", 25)
            if not self.plug(pad).on:
                result = self.request(pad, "heat", 1)
                if result["outcome"] != "accepted":
                    raise Failure(f"{pad}: {result}")
        self.plugs.wait_on()

    def log(self):
        with open(self.gateway.child.log_path, errors="replace") as f:
            return f.read()


class Shared(unittest.TestCase):
    def off_after(self, home, pads, act, bound_us, what):
        since = now_us()
        act()
        home.plugs.wait(lambda _: not any(home.plug(pad).on for pad in pads), f"{pads} off after {what}")
        took = max(home.plug(pad).off_us for pad in pads) - since
        print(f"{what}: the last of {len(pads)} plugs off after {took / 1000:.1f} ms")
        self.assertLess(took, bound_us, what)

    def test_killed_and_then_its_gateway(self):
        with SharedHome() as home:
            home.heat_on()
            processes = home.processes()
            self.assertEqual(sorted(processes), ["alone", "bench"], "one process for all that name it")
            shown = subprocess.run([os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl"), "--socket",
                                    os.path.join(home.directory, "control.sock"), "devices"],
                                   capture_output=True, text=True, timeout=10)
            self.assertEqual(shown.stdout.count("in process bench"), 3, shown.stdout + shown.stderr)

            # each has a last will of its own; and each must prove rest to the next process before it is granted again
            mark = home.client.mark()
            self.off_after(home, SHARING, lambda: os.kill(processes["bench"], signal.SIGKILL), 500_000,
                           "SIGKILL of the shared process")
            for device in ("table",) + SHARING:
                home.wait_safety_event("device back", mark, lambda e, d=device: e.device_id == d, 15)
            self.assertRegex(home.log(), r"error bench: device process was ended by signal 9 \(Killed\); starting it again")
            self.assertEqual([home.plug(pad).energised for pad in SHARING], [1, 1], "nothing comes on by itself")
            home.heat_on()

            processes = home.processes()
            self.off_after(home, PADS, lambda: home.gateway.child.signal(signal.SIGKILL), 500_000, "SIGKILL of the gateway")
            wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in processes.values()),
                       "the device processes to end", 5)

    @unittest.skipUnless(ALL, "check --all")
    def test_stopped(self):
        with SharedHome() as home:
            home.heat_on()
            mark, pid = home.client.mark(), home.processes()["bench"]
            # found silent (1 s), asked, not answering within its deadline (1 s): killed, and then the last wills
            self.off_after(home, PADS, lambda: os.kill(pid, signal.SIGSTOP), 6_000_000, "SIGSTOP of the shared process")
            told = re.findall(r"has not answered for \d+ ms: ending process 'bench' and with it 3 devices", home.log())
            self.assertEqual(len(told), 1, "told once, not by each device")
            for device in ("table",) + SHARING:
                home.wait_safety_event("device back", mark, lambda e, d=device: e.device_id == d, 15)
            home.heat_on()

    @unittest.skipUnless(ALL, "check --all")
    def test_gateway_stopped(self):
        with SharedHome() as home:
            home.heat_on()
            self.off_after(home, PADS, lambda: home.gateway.child.signal(signal.SIGSTOP), LEASE_US + 500_000,
                           "SIGSTOP of the gateway")

    @unittest.skipUnless(ALL, "check --all")
    def test_a_plugin_that_is_broken_when_all_are_started_again(self):
        with SharedHome() as home:
            good = os.path.join(build_dir(), "plugins", "inversion_table.so")
            plugin = os.path.join(home.directory, "mine.so")
            shutil.copy(good, plugin)
            home.gateway.stop()
            home.config_text = home.config_text.replace('plugin = "inversion_table"', f'plugin = "{plugin}"')
            mark = home.client.mark()
            home.start_gateway()
            home.heat_on()
            os.unlink(plugin)  # not written over: it is mapped
            with open(plugin, "w") as f:
                f.write("no plugin")
            os.kill(home.processes()["bench"], signal.SIGKILL)
            for device in SHARING:
                home.wait_safety_event("device back", mark, lambda e, d=device: e.device_id == d, 15)
            wait_until(lambda: re.search(r"error table: .*cannot be loaded.*the others of process 'bench' go on", home.log()),
                       "what is broken to be told")
            with self.assertRaises(Failure):  # no tilt, no heat
                home.wait_device("left", lambda s: s.get("heat_permitted") == "ON", "heat", 2)

    @unittest.skipUnless(ALL, "check --all")
    def test_to_let_one_go_ends_its_neighbours_heat_and_they_come_back(self):
        with SharedHome() as home:
            home.heat_on()
            mark = home.client.mark()
            done = subprocess.run([CTL, "--socket", os.path.join(home.directory, "control.sock"), "device", "release", "left"],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual((home.plug("left").on, home.plug("left").power_on, home.plug("left").pulse), (False, 3, 0))
            ended = home.wait_safety_event("ended", mark, lambda e: e.device_id == "right")
            self.assertIn("a new request is needed", ended.text)
            home.wait_device("right", lambda s: s.get("heat_permitted") == "ON", "heat of right to be permitted", 25)
            self.assertFalse(home.plug("right").on, "nothing goes on by itself")
            self.assertEqual(home.plug("right").pulse, 130)
            self.assertEqual(home.request("right", "heat", 1)["outcome"], "accepted")
            home.plugs.wait(lambda _: home.plug("right").on, "right on")
            self.assertFalse(home.plug("left").on, "nor is it taken again")

    @unittest.skipUnless(ALL, "check --all")
    def test_faults_are_told_for_each_and_a_move_wants_a_restart(self):
        with SharedHome() as home:
            with open(home.config) as f:
                text = f.read()
            other = os.path.join(home.directory, "other.cfg")
            gateway = os.path.join(build_dir(), "gateway", "therapy-gateway")

            def check(changed):
                with open(other, "w") as f:
                    f.write(changed)
                os.chmod(other, 0o600)
                return subprocess.run([gateway, "check", "-c", other], env=dict(os.environ, **home.environment()),
                                      capture_output=True, text=True, timeout=30)
            self.assertEqual(check(text).returncode, 0)
            broken = check(text.replace('axis = "roll"', 'axis = "raw"').replace('link = "mqtt:left_plug"',
                                                                                 'options = { a = 1; }; link = "mqtt:left_plug"'))
            self.assertEqual(broken.returncode, 1)
            self.assertRegex(broken.stderr, r"device 'table': .*axis")
            self.assertRegex(broken.stderr, r"device 'left': ")
            self.assertNotIn("device 'right'", broken.stderr)
            with open(home.config, "w") as f:
                f.write(re.sub(r'(id = "left".*)process = "bench"; ', r"\1", text))
            os.chmod(home.config, 0o600)
            home.gateway.child.signal(signal.SIGHUP)
            wait_until(lambda: "a restart is needed: device 'left' differs" in home.log(), "the reload to be refused")


if __name__ == "__main__":
    unittest.main(verbosity=2)
