#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The simulator alone, on its real links: a pseudo-terminal, a TCP socket, a mosquitto."""
import binascii
import errno
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import tty
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import Broker, Client, Failure, Sim, build_dir, now_us, sanitizer_reports, wait_until  # noqa: E402

PROGRAM = os.path.join(build_dir(), "tests", "sim", "therapy-sim")


class Table:
    """Reads the pseudo-terminal as any program would a serial port."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd, termios.TCSANOW)
        self.buffer = b""
        self.bad = 0

    def read(self, timeout=5.0):
        """One chunk; raises OSError when the cable is pulled."""
        if not select.select([self.fd], [], [], timeout)[0]:
            raise Failure(f"nothing from the table within {timeout:g} s")
        data = os.read(self.fd, 4096)
        if not data:
            raise OSError(errno.EIO, "hung up")
        self.buffer += data

    def frames(self):
        """The whole frames in the buffer; others are counted as bad."""
        while len(self.buffer) >= 11:
            frame, self.buffer = self.buffer[:11], self.buffer[11:]
            if frame[0] != 0x55 or sum(frame[:10]) & 0xFF != frame[10]:
                self.bad += 1
            yield frame

    def angle(self, timeout=5.0):
        """The next tilt, deg."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            for frame in self.frames():
                if frame[1] == 0x53:
                    return struct.unpack_from("<h", frame, 2)[0] * 180 / 32768
            self.read(timeout)
        raise Failure("no angle frame from the table")

    def close(self):
        os.close(self.fd)


def cobs(packet):
    """COBS in its shortest form, written after the paper, for packets without long runs."""
    out = b""
    for piece in packet.split(b"\0"):
        out += bytes([len(piece) + 1]) + piece
    return out + b"\0"


def uncobs(frame):
    out = b""
    while frame:
        run, frame = frame[0], frame[1:]
        out += frame[:run - 1]
        frame = frame[run - 1:]
        if frame:
            out += b"\0"
    return out


class Belt:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.buffer = b""
        self.seq = 0

    def send(self, kind, body=b""):
        self.seq = (self.seq + 1) & 0xFF
        packet = bytes([kind, self.seq]) + body
        self.socket.sendall(cobs(packet + struct.pack("<H", binascii.crc_hqx(packet, 0xFFFF))))

    def set(self, newton, timeout_ms=1000):
        self.send(0x03, struct.pack("<BiH", 1, round(newton * 1000), timeout_ms))

    def receive(self, kind):
        """The body of the next packet of this kind."""
        while True:
            while b"\0" not in self.buffer:
                data = self.socket.recv(4096)
                if not data:
                    raise OSError(errno.ECONNRESET, "closed")
                self.buffer += data
            frame, self.buffer = self.buffer.split(b"\0", 1)
            packet = uncobs(frame)
            assert binascii.crc_hqx(packet[:-2], 0xFFFF) == struct.unpack("<H", packet[-2:])[0]
            if packet[0] == kind:
                return packet[2:-2]

    def report(self):
        body = self.receive(0x90)
        return {body[5 + 5 * i]: struct.unpack_from("<i", body, 6 + 5 * i)[0] / 1000 for i in range(body[4])}

    def close(self):
        self.socket.close()


class WithSim(unittest.TestCase):
    options = ()
    with_broker = False

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="therapy-sim-test-")
        self.addCleanup(self.temporary.cleanup)
        self.addCleanup(self.no_sanitizer_reports)
        url = None
        if self.with_broker:
            self.broker = Broker(self.temporary.name)
            self.addCleanup(self.broker.stop)
            self.client = Client(self.broker.port)
            self.addCleanup(self.client.close)
            url = self.broker.url
        self.sim = Sim(self.temporary.name, url, *self.options)
        self.addCleanup(self.end_sim)

    def end_sim(self):
        self.assertEqual(self.sim.close(), 0, self.sim.child.tail())
        self.assertEqual(os.listdir(self.sim.directory), [], "the simulator left files behind")

    def no_sanitizer_reports(self):
        self.assertEqual(sanitizer_reports(self.temporary.name), [])


class TableTest(WithSim):
    options = ("--only", "table", "--table-rate", "200")

    def setUp(self):
        super().setUp()
        self.table = Table(self.sim.ready["table"])
        self.addCleanup(self.table.close)

    def test_the_angle_follows_the_tilt_at_the_rate_asked_for(self):
        start = now_us()
        self.sim.command("table tilt 30 60")
        while self.table.angle() < 29.99:
            pass
        self.assertAlmostEqual((now_us() - start) / 1e6, 0.5, delta=0.25)
        self.assertEqual(self.table.bad, 0)

    def test_crossing_a_watched_angle_is_told_with_its_time(self):
        self.sim.command("table watch 10")
        self.sim.command("table tilt -20 now")
        event = self.sim.wait_event("crossing", lambda e: e["beyond"])
        self.assertAlmostEqual(event["tilt"], -20, delta=0.01)
        while self.table.angle() > -19.9:
            pass
        self.assertLess(abs(now_us() - event["us"]), 1_000_000)
        mark = self.sim.mark()
        self.sim.command("table tilt 0 now")
        self.assertFalse(self.sim.wait_event("crossing", since=mark)["beyond"])

    def test_lost_and_spoilt_frames_are_accounted_for(self):
        self.sim.command("table rate 1000")
        self.sim.command("table drop 5%")
        self.sim.command("table corrupt 5%")
        seen = 0
        while seen < 4000:
            self.table.read()
            seen += sum(1 for _ in self.table.frames())
        self.sim.command("table gap 10s")  # nothing more comes: count what is left
        try:
            while True:
                self.table.read(0.2)
                seen += sum(1 for _ in self.table.frames())
        except Failure:
            pass
        t = self.sim.state()["table"]
        self.assertEqual(t["made"], t["sent"] + t["dropped"] + t["silenced"] + t["overrun"] + t["unheard"])
        self.assertEqual(seen, t["sent"])  # on a busy machine a frame may be overrun: counted, and not sent
        self.assertEqual(self.table.bad, t["corrupted"])
        self.assertTrue(0.03 < t["dropped"] / (t["sent"] + t["dropped"]) < 0.07, t)

    def test_a_frozen_sensor_goes_on_with_old_values(self):
        self.sim.command("table freeze on")
        self.sim.command("table tilt 45 now")
        for _ in range(20):
            self.assertEqual(self.table.angle(), 0)
        self.sim.command("table freeze off")
        while self.table.angle() < 44:
            pass

    def test_a_drifting_sensor_wanders_and_comes_back_to_the_truth(self):
        self.sim.command("table drift 50")
        while self.table.angle() < 5:
            pass
        self.assertEqual(self.sim.state()["table"]["tilt"], 0)
        self.sim.command("table drift 0")
        while self.table.angle() != 0:
            pass

    def test_a_pulled_cable_is_an_error_and_a_new_one_works(self):
        self.table.angle()
        self.sim.command("table unplug")
        with self.assertRaises(OSError) as caught:
            while True:
                self.table.read()
        self.assertEqual(caught.exception.errno, errno.EIO)
        self.assertFalse(os.path.lexists(self.sim.ready["table"]))
        self.sim.command("table plug")
        again = Table(self.sim.ready["table"])
        self.addCleanup(again.close)
        self.assertEqual(again.angle(), 0)

    def test_what_nobody_listens_to_is_not_kept_for_later(self):
        self.table.angle()
        other = Table(self.sim.ready["table"])
        other.close()
        # the same cable, closed and opened again later: only the new tilt is heard
        termios.tcflush(self.table.fd, termios.TCIOFLUSH)
        os.close(self.table.fd)
        self.table.fd = os.open(os.devnull, os.O_RDONLY)
        unheard = self.sim.state()["table"]["unheard"]
        self.sim.wait_state(lambda s: s["table"]["unheard"] > unheard + 30, "frames that nobody heard")
        self.sim.command("table tilt 33 now")
        self.sim.wait_state(lambda s: s["table"]["unheard"] > unheard + 90, "frames that nobody heard")
        again = Table(self.sim.ready["table"])
        self.addCleanup(again.close)
        self.assertAlmostEqual(again.angle(), 33, delta=0.01)

    def test_commands_that_make_no_sense_are_refused_with_what_was_expected(self):
        for command, expected in (("table tilt", "table tilt DEG"), ("table tilt 60 -5", "table tilt DEG"),
                                  ("table tilt 200", "table tilt DEG"), ("table drop 101%", "table drop"),
                                  ("table drop nan", "table drop"), ("table gap -1s", "table gap"),
                                  ("table fly", "state, subscribe"), ("belt pain on", "--only"), ("", "state"),
                                  ('a"\\', "state")):
            answer = self.sim.ask(command)
            self.assertFalse(answer["ok"], command)
            self.assertIn(expected, answer["error"])


class BeltTest(WithSim):
    options = ("--only", "belt")

    def setUp(self):
        super().setUp()
        self.belt = Belt(self.sim.ready["belt_port"])
        self.addCleanup(self.belt.close)

    def test_hello_is_answered_with_kind_2(self):
        self.belt.send(0x01, b"\1")
        protocol, kind, report_ms, timeout_ms = struct.unpack_from("<BBHH", self.belt.receive(0x81))
        self.assertEqual((protocol, kind, report_ms), (1, 2, 100))
        self.assertGreaterEqual(timeout_ms, 1000)

    def test_a_set_pulls_and_stop_lets_go(self):
        self.sim.command("belt ramp 400")
        self.belt.set(80, 5000)
        self.assertEqual(self.belt.receive(0x82), bytes([self.belt.seq, 0]))
        while self.belt.report()[1] < 70:
            pass
        self.belt.send(0x05, b"\xff")
        self.assertEqual(self.belt.report()[3], 0)
        while self.belt.report()[1] > 1:
            pass

    def test_it_rests_by_itself_when_the_connection_is_gone(self):
        self.sim.command("belt ramp 400")
        self.belt.set(80, 300)
        self.belt.receive(0x82)
        self.belt.close()
        timeout = self.sim.wait_event("belt", lambda e: e["what"] == "timeout")
        rest = self.sim.wait_event("belt", lambda e: e["what"] == "rest")
        self.assertGreater(rest["us"], timeout["us"] - 1)
        self.assertEqual(rest["setpoint"], 0)

    def test_a_new_connection_takes_over(self):
        other = Belt(self.sim.ready["belt_port"])
        self.addCleanup(other.close)
        other.report()
        with self.assertRaises(OSError):
            while True:
                self.belt.report()

    def test_noise_is_refused_and_the_next_frame_understood(self):
        self.belt.socket.sendall(b"\x07noise\0" + b"x" * 600 + b"\0\0\0")
        self.belt.send(0x06)
        self.belt.report()
        self.belt.send(0x01, b"\1")
        self.belt.receive(0x81)
        self.assertEqual(self.sim.state()["belt"]["refused"], 2)

    def test_without_power_nobody_can_connect_and_the_port_is_the_same_after(self):
        self.sim.command("belt unplug")
        with self.assertRaises(OSError):
            while True:
                self.belt.report()
        with self.assertRaises(OSError):
            Belt(self.sim.ready["belt_port"])
        self.sim.command("belt plug")
        again = Belt(self.sim.ready["belt_port"])
        self.addCleanup(again.close)
        self.assertEqual(again.report()[3], 0)

    def test_a_drifting_cell_says_a_force_that_is_not_there(self):
        self.sim.command("belt drift 20N/s")
        while self.belt.report()[1] < 2:
            pass
        self.assertEqual(self.sim.state()["belt"]["force"], 0)

    def test_the_pain_button_is_reported(self):
        self.sim.command("belt pain on")
        while self.belt.report()[4] != 1:
            pass


class PadTest(WithSim):
    with_broker = True
    options = ("--pad", "my_plug")

    def test_all_three_are_ready(self):
        self.assertEqual(self.sim.ready["pad"], "my_plug")
        self.assertEqual(self.sim.ready["pid"], self.sim.child.pid)
        state = self.sim.state()
        self.assertTrue(state["table"]["plugged"] and state["belt"]["plugged"] and state["pad"]["online"])

    def test_online_is_retained_and_nothing_else(self):
        self.client.wait("tele/my_plug/LWT", lambda m: m.text == "Online")
        self.client.publish("cmnd/my_plug/POWER", "ON")
        self.client.wait("stat/my_plug/POWER", lambda m: m.text == "ON")
        late = Client(self.broker.port)
        self.addCleanup(late.close)
        late.wait("tele/my_plug/LWT", lambda m: m.retained)
        late.publish("test/mark", "x")
        late.wait("test/mark")
        self.assertEqual([m.topic for m in late.messages if m.retained], ["tele/my_plug/LWT"])

    def test_a_rogue_commands_the_plug_by_the_broker(self):
        self.sim.command("pad rogue on")
        self.client.wait("cmnd/my_plug/POWER", lambda m: m.text == "ON")
        self.sim.wait_event("relay", lambda e: e["on"])
        self.sim.command("pad rogue off retained")
        self.sim.wait_event("relay", lambda e: not e["on"])
        late = Client(self.broker.port)
        self.addCleanup(late.close)
        late.wait("cmnd/my_plug/POWER", lambda m: m.retained and m.text == "OFF")

    def test_a_command_moves_the_relay_and_is_answered(self):
        mark = self.client.mark()
        self.client.publish("cmnd/my_plug/Backlog0", "PulseTime1 130;POWER ON")
        event = self.sim.wait_event("relay")
        self.assertTrue(event["on"])
        self.client.wait("stat/my_plug/RESULT", lambda m: m.json == {"POWER": "ON"}, mark)
        self.client.wait("stat/my_plug/RESULT", lambda m: m.json.get("PulseTime1", {}).get("Set") == 130, mark)
        pad = self.sim.state()["pad"]
        self.assertTrue(pad["relay"])
        self.assertEqual(pad["relay_us"], event["us"])
        self.assertEqual(pad["last_command"], "Backlog0 PulseTime1 130;POWER ON")
        self.sim.wait_event("command", lambda e: e["payload"] == "PulseTime1 130;POWER ON")

    def test_the_plug_is_not_what_one_waits_for(self):
        took = []
        for i in range(20):
            mark = self.sim.mark()
            sent = self.client.publish("cmnd/my_plug/POWER", "ON" if i % 2 == 0 else "OFF", qos=0)
            took.append(self.sim.wait_event("relay", since=mark)["us"] - sent)
        median = sorted(took)[10]
        print(f"from publish to relay: median {median / 1000:.2f} ms, most {max(took) / 1000:.2f} ms")
        self.assertLess(median, 20_000, "as long as the delayed acknowledgements that TCP_QUICKACK is there against")

    def test_power_is_measured_a_second_after_on(self):
        self.client.publish("cmnd/my_plug/POWER", "ON")
        self.sim.wait_state(lambda s: s["pad"]["measured"] > 40, "a measured power over 40 W")
        mark = self.client.mark()
        self.client.publish("cmnd/my_plug/STATUS", "10")
        status = self.client.wait("stat/my_plug/STATUS10", since=mark).json
        self.assertAlmostEqual(status["StatusSNS"]["ENERGY"]["Power"], 50, delta=3)

    def test_when_its_network_goes_the_will_is_sent_and_its_own_timer_goes_on(self):
        self.client.publish("cmnd/my_plug/Backlog0", "PulseTime1 5;POWER ON")
        self.sim.wait_event("relay", lambda e: e["on"])
        mark = self.sim.mark()
        self.sim.command("pad network off")
        self.client.wait("tele/my_plug/LWT", lambda m: m.text == "Offline")
        self.sim.wait_event("relay", lambda e: not e["on"], mark)
        seen = self.client.mark()
        self.sim.command("pad network on")
        self.client.wait("tele/my_plug/LWT", lambda m: m.text == "Online", seen)
        self.client.wait("stat/my_plug/POWER", lambda m: m.text == "OFF", seen)

    def test_pulled_from_the_wall_the_load_is_off(self):
        self.client.publish("cmnd/my_plug/POWER", "ON")
        self.sim.wait_event("relay", lambda e: e["on"])
        self.sim.command("pad unplug")
        self.assertEqual(self.sim.state()["pad"]["power"], 0)
        self.client.wait("tele/my_plug/LWT", lambda m: m.text == "Offline")

    def test_it_comes_back_after_the_broker_was_away(self):
        self.broker.stop()
        self.sim.wait_event("pad", lambda e: not e["online"])
        mark = self.sim.mark()
        self.broker.start()
        self.sim.wait_event("pad", lambda e: e["online"], mark)

    def test_a_retained_command_is_executed_as_the_real_one_does(self):
        self.sim.command("pad network off")
        self.sim.wait_event("pad", lambda e: not e["online"])
        self.client.publish("cmnd/my_plug/POWER", "ON", retain=True)
        self.client.wait("cmnd/my_plug/POWER", lambda m: m.text == "ON")
        self.sim.command("pad network on")
        self.sim.wait_event("relay", lambda e: e["on"])
        self.sim.wait_event("command", lambda e: e["retained"])


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="therapy-sim-test-")
        self.addCleanup(self.temporary.cleanup)

    def run_program(self, *args):
        return subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=20)

    def test_wrong_arguments_are_told_with_what_was_expected(self):
        directory = self.temporary.name
        for args, expected in ((("--dir", "/does/not/exist"), "--dir"), ((), "--dir"), (("--dir", directory), "--mqtt"),
                               (("--dir", directory, "--mqtt", "http://x"), "--mqtt"),
                               (("--dir", directory, "--only", "belt,fan"), "fan"),
                               (("--dir", directory, "--only", "table", "--table-rate", "0"), "--table-rate"),
                               (("--dir", directory, "--only", "belt", "--belt-port", "70000"), "--belt-port"),
                               (("--dir", directory, "--only", "table", "more"), "more")):
            result = self.run_program(*args)
            self.assertEqual(result.returncode, 2, args)
            self.assertIn(expected, result.stderr)

    def test_help_names_every_command(self):
        result = self.run_program("--help")
        self.assertEqual(result.returncode, 0)
        for word in ("--table-rate", "--die-with-parent", "unplug", "weld", "subscribe", "quit"):
            self.assertIn(word, result.stdout)

    def test_two_on_one_directory_are_refused(self):
        sim = Sim(self.temporary.name, None, "--only", "table")
        try:
            result = self.run_program("--dir", sim.directory, "--only", "belt")
            self.assertEqual(result.returncode, 1)
            self.assertIn("address already in use", result.stderr)
            self.assertTrue(sim.state()["table"]["plugged"])
        finally:
            self.assertEqual(sim.close(), 0)

    def test_after_a_kill_the_next_one_starts_on_the_same_directory(self):
        sim = Sim(self.temporary.name, None, "--only", "table")
        sim.child.kill()
        sim.close()
        again = Sim(self.temporary.name, None, "--only", "table")
        self.assertTrue(again.state()["table"]["plugged"])
        self.assertEqual(again.close(), 0)

    def test_interrupt_and_quit_end_it_cleanly(self):
        sim = Sim(self.temporary.name, None, "--only", "table,belt")
        sim.child.signal(signal.SIGINT)
        self.assertEqual(sim.child.wait(), 0)
        sim.close()
        sim = Sim(self.temporary.name, None, "--only", "table,belt")
        sim.ask("quit")
        self.assertEqual(sim.child.wait(), 0)
        self.assertEqual(os.listdir(sim.directory), [])
        sim.close()

    def test_it_ends_when_its_parent_ends(self):
        directory = os.path.join(self.temporary.name, "orphan")
        os.mkdir(directory)
        parent = subprocess.Popen(["/bin/sh", "-c", f'"{PROGRAM}" --dir "{directory}" --only table --die-with-parent & wait'])
        pid = None
        try:
            wait_until(lambda: os.path.exists(os.path.join(directory, "ready")), "the simulator")
            with open(os.path.join(directory, "ready")) as f:
                pid = int(f.read().split(":")[1].split(",")[0])
        finally:
            parent.kill()
            parent.wait()
        wait_until(lambda: not os.path.exists(os.path.join(directory, "ready")), f"the end of simulator {pid}")


if __name__ == "__main__":
    unittest.main()
