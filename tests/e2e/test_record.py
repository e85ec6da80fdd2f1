#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""therapyctl record: what a device of each kind of link said through one gateway is played in a second one, which makes the
same readings of it, number by number. And how a recording ends."""
import os
import signal
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import build_dir, Failure, free_port, Gateway, Home, now_us, wait_until  # noqa: E402
import test_bluetooth  # noqa: E402

CTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")
LAMP = os.path.join(os.path.abspath(build_dir()), "plugins", "examples", "infrared_lamp.py")
CONFIG = """gateway = {{ id = "{id}"; quiet = "0 ms"; }};
mqtt = {{ url = "${{MQTT_URL}}"; }};
devices = (
  {{ id = "table"; plugin = "inversion_table"; model = "wt901"; options = {{ sign = "normal"; }}; link = "{table}"; }},
  {{ id = "belt"; plugin = "traction_belt"; model = "firmware"; link = "{belt}"; }},
  {{ id = "pad"; plugin = "heat_pad"; model = "tasmota"; link = "{pad}"; }},
  {{ id = "lamp"; exec = "{lamp_program}"; link = "{lamp}"; }},
  {{ id = "gauge"; plugin = "generic"; definition = "line_force"; link = "{gauge}"; }}
);
rules = ( {{ id = "r"; permits = [ "kind:heat" ]; only_while = "all inversion.tilt <= 90 deg"; hazard = 11; }} );
"""
DEVICES = ("table", "belt", "pad", "lamp", "gauge")


class Lines:
    """A device on TCP that says a line, with a number that counts, twenty times a second."""

    def __init__(self, form):
        self.server = socket.create_server(("127.0.0.1", free_port()))
        self.link = f"tcp://127.0.0.1:{self.server.getsockname()[1]}"
        self.form, self.over = form, threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        n = 0
        while not self.over.is_set():
            try:
                link, _ = self.server.accept()
            except OSError:
                return
            with link:
                try:
                    while not self.over.wait(0.05):
                        n += 1
                        link.sendall(self.form(n))
                except OSError:
                    continue

    def close(self):
        self.over.set()
        self.server.shutdown(socket.SHUT_RDWR)  # ends a wait in accept
        self.server.close()
        self.thread.join(5)


def readings(home, gateway, device):
    """All that was published of a device so far: [(metric, value, quality)], by sequence without a gap."""
    schema = home.schema()
    out, expected = [], None
    for m in list(home.client.messages):
        if m.topic != f"therapy/{gateway}/{device}/telemetry":
            continue
        batch = schema.batch(m.payload)
        if expected not in (None, batch.first_sequence):
            raise Failure(f"{m.topic} goes from {expected} to {batch.first_sequence}")
        expected = batch.first_sequence + len(batch.readings)
        out += [(r.metric, r.value if r.HasField("value") else None, r.quality) for r in batch.readings]
    return out


def place_of(part, whole):
    """Where `part` lies in `whole`, or None."""
    return next((i for i in range(len(whole) - len(part) + 1) if whole[i:i + len(part)] == part), None)


class Record(unittest.TestCase):
    def setUp(self):
        self.lamp = Lines(lambda n: f"{30 + n % 10}.5 0\n".encode())
        self.gauge = Lines(lambda n: f"ST,GS,+{n % 90:7.2f}kg\r\n".encode())

    def tearDown(self):
        self.lamp.close()
        self.gauge.close()

    def home(self):
        text = CONFIG.format(id="demo", table="serial:${THERAPY_SIM}/table", belt="tcp://127.0.0.1:${THERAPY_BELT_PORT}",
                             pad="mqtt:pad_plug", lamp=self.lamp.link, lamp_program=LAMP, gauge=self.gauge.link)
        return Home(config_text=text)

    def record(self, home, device, *options):
        path = os.path.join(home.directory, f"{device}.rec")
        with open(path, "w") as out, open(path + ".err", "w") as err:
            process = subprocess.Popen([CTL, "--socket", os.path.join(home.directory, "control.sock"), "record", device,
                                        *options], stdout=out, stderr=err)
        process.path = path
        return process

    def test_what_is_recorded_is_played_number_by_number(self):
        with self.home() as home:
            home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 20)
            home.sim.command("table tilt 60 20")
            running = [self.record(home, device, "--for", "2500ms") for device in DEVICES]
            for process in running:
                wait_until(lambda p=process: os.path.getsize(p.path) > 0, "the recordings to begin")
            self.assertEqual(home.request("pad", "heat", 1)["outcome"], "accepted")
            self.assertEqual([process.wait(10) for process in running], [0] * len(DEVICES))
            home.gateway.stop()
            texts = {}
            for device in DEVICES:
                with open(os.path.join(home.directory, f"{device}.rec")) as f:
                    texts[device] = f.read()
                self.assertTrue(texts[device].endswith("\n"))
                self.assertRegex(texts[device], rf"# device {device}, plugin \S+, model \w+, link \w+:")
                self.assertRegex(texts[device], r"# \d{4}-\d\d-\d\dT[\d:]+Z( by a clock that nobody has set)?, therapy-gateway \d")
            self.assertRegex(texts["pad"], r'\d+ +> @cmnd/\{name\}/POWER1? "ON"\n')
            self.assertRegex(texts["belt"], r"\d+ +> [0-9A-F]{2} ")
            for device in DEVICES:  # and then nothing more for long: the end would begin it anew
                with open(os.path.join(home.directory, f"{device}.rec"), "a") as f:
                    f.write(f"600000 < {'@stat/{name}/RESULT ' if device == 'pad' else ''}00\n")
            again = os.path.join(home.directory, "again")
            os.mkdir(again)
            config = os.path.join(again, "gateway.cfg")
            with open(config, "w") as f:
                f.write(CONFIG.format(id="again", lamp_program=LAMP,
                                      **{d: f"replay:{home.directory}/{d}.rec" for d in DEVICES}).replace(
                                          "link =", "accept_no_device_timer = true; link ="))
            os.chmod(config, 0o600)
            second = Gateway(again, config, dict(home.environment(), RUNTIME_DIRECTORY=again, STATE_DIRECTORY=again))
            try:
                for device in DEVICES:
                    home.client.wait(f"therapy/again/{device}/telemetry", since=None, timeout=20)
                wait_until(lambda: all(home.client.latest[f"therapy/again/{d}/telemetry"].us < now_us() - 1_000_000
                                       for d in DEVICES), "the recordings to be played", 20)
            finally:
                second.kill()  # nothing in a recording proves rest: an orderly end would wait for it
                second.child.log.close()
            for device in DEVICES:
                self.compare(home, device)

    def compare(self, home, device):
        """A stream is joined in the middle of a frame, so the first one may be missing; what follows may not."""
        before, after = readings(home, "demo", device), readings(home, "again", device)
        self.assertGreater(len(after), 5, device)
        for metric in {m for m, _, _ in after}:
            mine = [r for r in after if r[0] == metric]
            theirs = [r for r in before if r[0] == metric]
            self.assertIsNotNone(place_of(mine, theirs), f"{device}, metric {metric}: {mine} in {theirs[-60:]}")
        print(f"{device}: {len(after)} readings played as they were recorded")

    def test_bluetooth_is_recorded_as_it_is_read_without_its_key(self):
        with test_bluetooth.RadioHome(test_bluetooth.GRIP, test_bluetooth.PACKS) as home:
            home.gauge()
            home.bluez.wait("write", uuid=test_bluetooth.CONTROL, data="65")
            home.wait_online("grip")
            home.wait_online("pack")
            running = [self.record(home, device) for device in ("grip", "pack")]
            for process in running:
                wait_until(lambda p=process: os.path.getsize(p.path) > 0, "the recordings to begin")
            mark = home.bluez.mark()  # it hears nothing of the gauge, so it asks again: that is recorded too
            home.bluez.wait("write", since=mark, uuid=test_bluetooth.CONTROL, data="65")
            home.pull(test_bluetooth.KG_12_5, 122.6)
            home.hear(test_bluetooth.PACK, test_bluetooth.PUBLISHED, "pack", 25.06)
            for process in running:
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.wait(5), 0)
            with open(running[0].path) as f:
                self.assertRegex(f.read(), rf"\d+ +> @{test_bluetooth.CONTROL} 65\n(.*\n)*\d+ +< @{test_bluetooth.NOTIFY} 01 08 ")
            with open(running[1].path) as f:
                text = f.read()
            self.assertRegex(text, r"\d+ +< @service-data:fcd2 40 02 CA 09 ")  # bthome.io's 25.06 degC
            self.assertNotIn(test_bluetooth.KEY, text.replace(" ", "").lower())
            for process, plugin, model, said in ((running[0], "traction_belt", "progressor", "force            122.6 N"),
                                                 (running[1], "cold_pack", "bthome", "skin_temp        25.1 ")):
                run = subprocess.run([os.path.join(build_dir(), "gateway", "therapy_plugin", "therapy-plugin"), "replay",
                                      os.path.join(build_dir(), "plugins", f"{plugin}.so"), process.path, "--model", model],
                                     capture_output=True, text=True)
                self.assertIn(said, run.stdout, run.stderr)

    def test_ctrl_c_ends_it_with_a_whole_line_and_a_dead_gateway_is_said(self):
        with self.home() as home:
            for words, said in ((["table", "--for", "soon"], "like 60s"), (["table", "60s"], "--for"), ([], "a device like table")):
                run = subprocess.run([CTL, "--socket", os.path.join(home.directory, "control.sock"), "record", *words],
                                     capture_output=True, text=True)
                self.assertEqual((run.returncode, run.stdout), (2, ""), run)
                self.assertIn(said, run.stderr)
            text = subprocess.run([CTL, "--socket", os.path.join(home.directory, "control.sock"), "discover", "--for", "1s"],
                                  capture_output=True, text=True, env=dict(os.environ, **home.environment())).stdout
            self.assertIn("# Tasmota pad_plug: configured as pad", text)  # of the gateway's own configuration
            first, second = self.record(home, "table"), self.record(home, "gauge")
            for process in (first, second):
                wait_until(lambda p=process: os.path.getsize(p.path) > 3000, "some lines")
            first.send_signal(signal.SIGINT)
            self.assertEqual(first.wait(5), 0)
            with open(first.path) as f:
                self.assertRegex(f.read(), r"\n\d+ +< [0-9A-F ]+\n\Z")
            home.gateway.kill()
            self.assertEqual(second.wait(5), 1)
            with open(second.path) as f:
                self.assertTrue(f.read().endswith("# the recording ends here: the gateway has gone\n"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
