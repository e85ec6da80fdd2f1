#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Force gauges that can be bought or built, through a real gateway: a Modbus RTU transmitter on a pseudo-terminal, a
load cell at an ESPHome board over MQTT, and a self-built gauge in the rope of over-the-door traction on TCP."""
import os
import pty
import select
import socket
import struct
import sys
import threading
import time
import tty
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import free_port, Home  # noqa: E402

CONFIG = """gateway = {{ id = "demo"; }};
mqtt = {{ url = "${{MQTT_URL}}"; }};
devices = (
  {{ id = "belt"; plugin = "traction_belt"; model = "sct"; link = "serial:{port}"; options = {{ shows = "kg"; decimals = 1; zero_n = 5.0; }}; }},
  {{ id = "rope"; plugin = "traction_belt"; model = "over_door"; link = "tcp://127.0.0.1:{tcp}"; }},
  {{ id = "cell"; plugin = "traction_belt"; model = "hx711"; link = "mqtt:cell"; options = {{ shows = "n"; }}; }}
);
"""


def crc_modbus(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


class Transmitter:
    """The other end of a half-duplex line: it answers one query at a time, 20 ms after its end, and hears nothing
    meanwhile. `crowded` counts bytes that came before the line was free again."""

    SILENCE = 0.004  # 3.5 characters at 9600 baud

    def __init__(self):
        self.side, other = pty.openpty()
        tty.setraw(self.side)
        self.port = os.ttyname(other)
        self.other = other  # held open, so that the gateway's closing is not an end of file
        self.tenths, self.status = 125, 1 << 11
        self.crowded, self.queries, self.deaf = 0, 0, threading.Event()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        heard = b""
        while not self.over.is_set():
            if not select.select([self.side], [], [], 0.05)[0]:
                continue
            heard += os.read(self.side, 256)
            if len(heard) < 8:
                continue
            query, heard = heard[:8], b""
            if query != b"\x01\x03\x00\x06\x00\x03" + crc_modbus(query[:6]):
                continue  # not for us
            self.queries += 1
            if self.deaf.is_set():
                continue
            time.sleep(0.02)  # what a transmitter takes; not awaited for, it is its behaviour
            reply = struct.pack(">BBBHI", 1, 3, 6, self.status, self.tenths)
            os.write(self.side, reply + crc_modbus(reply))
            if select.select([self.side], [], [], self.SILENCE)[0]:
                self.crowded += len(os.read(self.side, 256))

    def close(self):
        self.over.set()
        self.thread.join(5)
        os.close(self.side)
        os.close(self.other)


def crc_ibm(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1
    return struct.pack("<H", crc)


def cobs(data):
    out = b""
    for block in data.split(b"\0"):
        out += bytes([len(block) + 1]) + block
    return out + b"\0"


class Rope:
    """A board of kind 6: says what it is when it is greeted, and ten times a second its force."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", free_port()))
        self.port = self.listener.getsockname()[1]
        self.millinewtons, self.seq, self.over = 44500, 0, threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def packet(self, kind, body):
        head = bytes([kind, self.seq & 0xFF]) + body
        self.seq += 1
        return cobs(head + crc_ibm(head))

    def serve(self):
        try:
            link, _ = self.listener.accept()
        except OSError:
            return
        with link:
            link.settimeout(0.1)
            while not self.over.is_set():
                try:
                    if not link.recv(256):
                        return
                    link.sendall(self.packet(0x81, struct.pack("<BBHH", 1, 6, 100, 10000) + b"rope"))
                except TimeoutError:
                    pass
                except OSError:
                    return
                try:
                    link.sendall(self.packet(0x90, struct.pack("<IBBi", 1000, 1, 1, self.millinewtons)))
                except OSError:
                    return

    def close(self):
        self.over.set()
        self.listener.close()
        self.thread.join(5)


class Cell:
    """An ESPHome node: a heartbeat and a force five times a second, for ever the last force if its chip has died."""

    def __init__(self, client):
        self.force, self.alive, self.beats, self.over = "30.5", True, 0, threading.Event()
        client.publish("cell/status", "online", retain=True)
        self.thread = threading.Thread(target=self.say, args=(client,), daemon=True)
        self.thread.start()

    def say(self, client):
        while not self.over.wait(0.2):
            self.beats += self.alive
            client.publish("cell/sensor/heartbeat/state", str(self.beats))
            client.publish("cell/sensor/force/state", self.force, retain=True)

    def close(self):
        self.over.set()
        self.thread.join(5)


class Gauges(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.transmitter, cls.rope = Transmitter(), Rope()
        cls.addClassCleanup(cls.transmitter.close)
        cls.addClassCleanup(cls.rope.close)
        cls.home = Home(config_text=CONFIG.format(port=cls.transmitter.port, tcp=cls.rope.port), sim=None)
        cls.home.__enter__()
        cls.addClassCleanup(cls.home.__exit__, None, None, None)
        cls.cell = Cell(cls.home.client)
        cls.addClassCleanup(cls.cell.close)

    def wait_force(self, device, newtons):
        fits = (lambda s: s.get("force") is None) if newtons is None else (
            lambda s: s.get("force") is not None and abs(s["force"] - newtons) < 0.1)
        return self.home.wait_device(device, fits, f"{device} to say {newtons} N")

    def test_a_transmitter_is_asked_in_turns_and_believed_only_whole(self):
        self.wait_force("belt", 12.5 * 9.80665 - 5)
        self.transmitter.tenths = 200
        self.wait_force("belt", 20 * 9.80665 - 5)
        self.transmitter.status = 1 << 2  # overload: whatever the number says
        self.wait_force("belt", None)
        self.transmitter.status = 1 << 7
        self.transmitter.tenths = 10  # it pushes
        self.wait_force("belt", -9.80665 - 5)
        self.transmitter.deaf.set()
        self.wait_force("belt", None)
        self.transmitter.deaf.clear()
        self.wait_force("belt", -9.80665 - 5)
        self.assertEqual(self.transmitter.crowded, 0, "the line was spoken on before it was free")

    def test_a_chip_that_died_behind_a_board_that_lives_is_unknown(self):
        self.wait_force("cell", 30.5)
        self.cell.alive = False
        self.wait_force("cell", None)
        self.cell.alive = True
        self.wait_force("cell", 30.5)
        self.cell.force = "nan"
        self.wait_force("cell", None)

    def test_over_door_traction_is_measured_and_has_nothing_to_switch(self):
        self.wait_force("rope", 44.5)
        self.rope.millinewtons = 89000  # the 20 lb of a full bag
        self.wait_force("rope", 89.0)
        found = self.home.client.wait("homeassistant/device/therapy-demo-rope/config").json
        self.assertIn("force", found["components"])
        topics = [c.get("command_topic", "") for c in found["components"].values()]
        self.assertEqual([t for t in topics if "/set/" in t], [])


if __name__ == "__main__":
    unittest.main()
