#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A command that somebody left retained on the plug's own topic: the plug obeys it whenever it connects. It is told, with
what to do, and cleared where the user consents (hazard 27)."""
import json
import os
import signal
import subprocess
import unittest

from harness import SOURCE, Client, Home, build_dir, wait_until

TOPIC = "cmnd/pad_plug/POWER"
THERAPYCTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")


class Kept(unittest.TestCase):
    def at_home(self, **how):
        self.home = self.enterContext(Home(**how))
        self.sim, self.client = self.home.sim, self.home.client
        self.sim.command("table tilt 30 now")  # the rules forbid heat: who switches it on is switched off

    def told(self, since=0):
        return [(name, e.text) for name, e in self.home.safety_events(since) if name.startswith("command")]

    def listed(self):
        done = subprocess.run([THERAPYCTL, "--json", "devices"], capture_output=True, text=True, timeout=30, check=True,
                              env=dict(os.environ, THERAPY_SOCKET=os.path.join(self.home.directory, "control.sock")))
        return [kept for device in json.loads(done.stdout)["devices"] for kept in device.get("kept_commands", [])]

    def plug_goes_and_comes(self):
        """Until the gateway has asked it something again: what was kept for it has come before. The sim's mark before."""
        mark = self.sim.mark()
        self.sim.command("pad network off")
        self.sim.wait_event("pad", lambda e: not e["online"], mark)
        back = self.sim.mark()
        self.sim.command("pad network on")
        self.sim.wait_event("pad", lambda e: e["online"], back)
        self.sim.wait_event("command", lambda e: e["command"] == "STATUS", back, 15)
        return back

    def process_of(self, device):
        for pid in self.home.gateway.child.descendants():
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if f.read().split(b"\0")[2:3] == [device.encode()]:
                    return pid
        raise AssertionError(f"no device process of {device}")

    def at_the_broker(self):
        """What somebody who subscribes now is given."""
        late = Client(self.home.broker.port, (TOPIC, "late"))
        self.addCleanup(late.close)
        late.publish("late", "")
        late.wait("late")  # what is kept comes before
        return [m.text for m in late.messages if m.topic == TOPIC]

    def test_what_was_kept_before_is_told_once_and_the_plug_switched_off_each_time(self):
        self.at_home(gateway=False)
        self.client.publish(TOPIC, "ON", retain=True)
        self.sim.wait_event("relay", lambda e: e["on"])
        mark = self.sim.mark()
        self.home.start_gateway()
        event = self.home.wait_safety_event("command kept", 0)
        self.assertEqual((event.device_id, event.priority, event.hazard), ("pad", 2, 27))
        for words in ("'ON'", f"mosquitto_pub -r -n -t '{TOPIC}'", "clear_retained_commands = true"):
            self.assertIn(words, event.text)
        self.sim.wait_event("relay", lambda e: not e["on"], mark)
        self.home.wait_at_rest("pad", "heat", 0)
        self.assertEqual(self.listed(), [{"topic": TOPIC, "payload": "ON"}])

        seen = self.client.mark()
        back = self.plug_goes_and_comes()
        self.sim.wait_event("relay", lambda e: e["on"], back, what="the plug to obey what the broker keeps")
        self.home.wait_safety_event("bypassed", seen)
        self.sim.wait_event("relay", lambda e: not e["on"], back)
        gone = self.client.mark()
        os.kill(self.process_of("pad"), signal.SIGKILL)
        self.home.wait_safety_event("device back", gone, lambda e: e.device_id == "pad")
        self.home.wait_at_rest("pad", "heat", gone)
        self.assertEqual(self.told(seen), [], "it is what it was")
        self.assertEqual(self.at_the_broker(), ["ON"], "without consent it is left alone")

        self.client.publish(TOPIC, "", retain=True)
        self.home.wait_safety_event("command cleared", seen)
        self.assertEqual(self.listed(), [])

    def test_with_consent_it_is_cleared_and_the_plug_that_comes_back_stays_off(self):
        with open(os.path.join(SOURCE, "etc", "demo.cfg")) as f:
            config = f.read()
        pad = 'link = "mqtt:pad_plug";'
        self.assertIn(pad, config)
        self.at_home(config_text=config.replace(pad, pad + " clear_retained_commands = true;"))
        self.home.wait_at_rest("pad", "heat", 0)
        self.home.wait_device("table", lambda s: (s.get("tilt") or 0) > 20, "the tilt that forbids heat", 10)
        mark = self.sim.mark()
        self.sim.command("pad rogue on retained")
        self.home.wait_safety_event("command kept", 0, lambda e: e.device_id == "pad")
        self.home.wait_safety_event("command cleared", 0, lambda e: e.device_id == "pad" and "'ON'" in e.text)
        self.sim.wait_event("relay", lambda e: not e["on"], mark)
        self.home.wait_safety_event("bypassed", 0)
        self.assertEqual(self.at_the_broker(), [])
        back = self.plug_goes_and_comes()
        self.assertEqual([e for e in self.sim.events[back:] if e["event"] == "relay" and e["on"]], [])
        self.assertEqual([name for name, _ in self.told()], ["command kept", "command cleared"])
        wait_until(lambda: self.listed() == [], "nothing to be listed")


if __name__ == "__main__":
    unittest.main(verbosity=2)
