#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whatever dies, the heat goes off by itself within its bound."""
import os
import signal
import unittest

from harness import Failure, Home, now_us, wait_until

LEASE_US = 1_000_000  # gateway.lease


def heat_on(home):
    home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 15)
    mark = home.sim.mark()
    result = home.request("pad", "heat", 1)
    assert result["outcome"] == "accepted", result
    home.sim.wait_event("relay", lambda e: e["on"], mark)
    home.wait_device("pad", lambda s: s.get("heat") == "ON", "heat to be shown as on")


def process_of(home, device):
    """The device's process: its command line ends with the device's id."""
    for pid in home.gateway.child.descendants():
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            words = f.read().split(b"\0")
        if device.encode() in words:
            return pid
    raise Failure(f"no process for {device}")


def descriptors(pid):
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            pass
    return found


def paho_itself(pid):
    """Sockets of a process whose two ends it both holds: how its MQTT library's threads are woken."""
    ends = {}
    with open("/proc/net/tcp") as f:
        for line in f.readlines()[1:]:
            words = line.split()
            ends[f"socket:[{words[9]}]"] = (words[1], words[2])
    own = {at: ends[at] for at in descriptors(pid).values() if at in ends}
    return {at for at, (here, there) in own.items() if (there, here) in own.values()}


class Deadman(unittest.TestCase):
    def off_after(self, home, act, bound_us, what):
        mark, start = home.sim.mark(), now_us()
        act()
        event = home.sim.wait_event("relay", lambda e: not e["on"], mark, 15, f"the relay to open after {what}")
        took = event["us"] - start
        print(f"{what}: relay open after {took / 1000:.1f} ms")
        self.assertLessEqual(took, bound_us, f"{what}: off after {took} us")
        return took

    def test_gateway_killed_while_heating(self):
        with Home() as home:
            heat_on(home)
            self.off_after(home, lambda: home.gateway.child.signal(signal.SIGKILL), 100_000, "SIGKILL of the gateway")
            wait_until(lambda: not home.gateway.child.alive(), "the gateway to be gone")

    def test_gateway_stopped_while_heating(self):
        with Home() as home:
            heat_on(home)
            self.off_after(home, lambda: home.gateway.child.signal(signal.SIGSTOP), LEASE_US + 300_000,
                           "SIGSTOP of the gateway")
            # resumed, it must not energise what it had granted (its own watchdog may have ended it instead)
            mark = home.sim.mark()
            home.gateway.child.signal(signal.SIGCONT)
            with self.assertRaises(Failure):
                home.sim.wait_event("relay", lambda e: e["on"], mark, 2)

    def test_pad_process_stopped_while_heating(self):
        with Home() as home:
            heat_on(home)
            pid = process_of(home, "pad")
            # found silent (1 s), asked, not answering within its deadline (1 s): killed, and then the last will
            self.off_after(home, lambda: os.kill(pid, signal.SIGSTOP), 3_500_000, "SIGSTOP of the pad's process")

    def test_trip_while_the_pad_process_is_stopped(self):
        with Home() as home:
            heat_on(home)
            os.kill(process_of(home, "pad"), signal.SIGSTOP)
            # it is asked as it is told to rest: its deadline (1 s), the gateway's tick (0.5 s), and then the last will
            self.off_after(home, lambda: home.sim.command("table tilt 60 now"), 2_000_000,
                           "a trip while the pad's process is stopped")

    def test_sensor_process_hangs(self):
        with Home() as home:
            heat_on(home)
            pid = process_of(home, "table")
            missed = home.client.mark()
            # tilt for heat may be 5 s old; nothing may be granted on what is older
            self.off_after(home, lambda: os.kill(pid, signal.SIGSTOP), 6_000_000, "SIGSTOP of the table's process")
            # the others missed nothing: the belt's telemetry has no gap meanwhile
            schema = home.schema()
            expected = None
            for m in home.client.messages[missed - home.client.dropped:]:
                if m.topic == "therapy/demo/belt/telemetry":
                    batch = schema.batch(m.payload)
                    if expected is not None:
                        self.assertEqual(batch.first_sequence, expected)
                    expected = batch.first_sequence + len(batch.readings)
            self.assertIsNotNone(expected)
            # killed, started again, and heat is permitted anew without anybody's help
            home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat permitted again", 25)

    def test_only_the_descriptors_they_were_given(self):
        with Home() as home:
            home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 15)
            gateway = descriptors(home.gateway.child.pid)
            pipes = set()
            for device, links in (("table", ("/dev/pts/",)), ("belt", ("socket:",)), ("pad", ("socket:",))):
                pid_of = {device: process_of(home, device)}
                own = descriptors(pid_of[device])
                shared = {fd: at for fd, at in own.items()
                          if at in gateway.values() and at.startswith(("socket:", "/dev/pts/", "pipe:"))}
                # what it prints goes to the gateway by a pipe of its own; anything else that both hold was inherited
                self.assertEqual(set(shared), {1, 2}, f"{device} shares {shared} with the gateway")
                self.assertEqual(shared[1], shared[2])
                self.assertNotIn(shared[1], pipes, f"{device} shares its pipe with another")
                pipes.add(shared[1])
                self.assertEqual(len(paho_itself(pid_of[device])), 2 if device == "pad" else 0,
                                 "confined or not, Paho's threads can be woken")
                outside = [at for fd, at in own.items() if fd > 3 and at.startswith(("socket:", "/"))
                           and at not in paho_itself(pid_of[device])]
                self.assertEqual(len(outside), 1, f"{device} has {own}")
                self.assertTrue(outside[0].startswith(links), f"{device}'s link is {outside[0]}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
