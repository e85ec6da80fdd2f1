#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A plugin that is a program (plugins/examples/infrared_lamp.py): it reads, it switches, and whatever it does, its lamp goes
off within its deadline, it is named and started again, and the other devices miss nothing."""
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest

from harness import build_dir, Client, Failure, free_port, Home, now_us, SOURCE, wait_until

EXAMPLE = os.path.join(os.path.abspath(build_dir()), "plugins", "examples")
TIMER_S = 3.0  # the lamp's own
# From the fault to OFF: 100 ms until the lamp says something that the program is asked about, its 200 ms, and a busy machine.
OFF_US = 1_000_000
CONFIG = """gateway = {{ id = "demo"; }};
mqtt = {{ url = "${{MQTT_URL}}"; }};
devices = (
  {{ id = "lamp"; exec = "./naughty/infrared_lamp.py"; link = "{lamp}"; options = {{ zero = 1.5; }}; }},
  {{ id = "other"; exec = "./naughty/other.py"; args = [ "-v" ]; link = "{other}"; }}
);
rules = ( {{ id = "r"; permits = [ "kind:heat" ]; only_while = "all heat.skin_temp <= 43 degC"; hazard = 8; }} );
"""
# Put before main(): what the file beside it says goes wrong, once.
NAUGHTY = '''
import os, time
_FAULT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fault")
_decode = Lamp.decode
def _naughty(self, ask, answer):
    try:
        with open(_FAULT) as f:
            fault = f.read()
    except OSError:
        fault = ""
    if fault == "exit":
        sys.exit(3)
    if fault == "raise":
        raise ValueError("a bug")
    if fault == "print":
        print("temperature is fine", flush=True)
    if fault == "oversize":
        sys.stdout.buffer.write(struct.pack("<I", 0x7fffffff))
        sys.stdout.buffer.flush()
    if fault == "slow":
        time.sleep(1)
    if fault == "loop":
        while True:
            pass
    if fault == "memory":
        hoard = []
        while True:
            hoard.append(bytearray(1 << 20))
    _decode(self, ask, answer)
Lamp.decode = _naughty
'''


class Lamp:
    """The device: says "31.5 0" ten times a second, obeys, and goes off by itself."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", free_port()))
        self.link = f"tcp://127.0.0.1:{self.server.getsockname()[1]}"
        self.changed = threading.Condition()
        self.on_until = 0.0
        self.heard = []  # (us, line)
        self.closing = self.dropped = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.closing:
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(0.1)
                self._talk(peer)
            if self.dropped:
                return

    def _talk(self, peer):
        due, partial = 0.0, b""
        while not self.closing:
            try:
                if time.monotonic() >= due:
                    peer.sendall(b"31.5 %d\n" % self.on())
                    due = time.monotonic() + 0.1
                data = peer.recv(100)
                if not data:
                    return
                *lines, partial = (partial + data).split(b"\n")
            except socket.timeout:
                continue
            except OSError:
                return
            with self.changed:
                for line in lines:
                    self.heard.append((now_us(), line.decode()))
                    if line == b"ON" or (line == b"KEEP" and self.on()):
                        self.on_until = time.monotonic() + TIMER_S
                    if line == b"OFF":
                        self.on_until = 0.0
                self.changed.notify_all()

    def drop(self):
        """Unplugs it."""
        self.dropped = self.closing = True
        self.server.close()

    def on(self):
        return time.monotonic() < self.on_until

    def wait_heard(self, line, since, timeout=5.0):
        """When it was told that, after `since`, us."""
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                for us, heard in self.heard:
                    if us >= since and heard == line:
                        return us
                left = end - time.monotonic()
                if left <= 0:
                    raise Failure(f"the lamp to be told {line}: not within {timeout:g} s; told {self.heard[-5:]}")
                self.changed.wait(left)

    def close(self):
        self.closing = True
        self.server.close()


class MqttLamp:
    """The same behind the broker: says so on lamp/state, is told on lamp/cmd."""
    PROGRAM = (("links=[wire.PROGRAM_LINK_SERIAL, wire.PROGRAM_LINK_TCP], baud=9600,",
                "links=[wire.PROGRAM_LINK_MQTT], channels=["
                'wire.ProgramChannel(address="{name}/state", incoming=True), '
                'wire.ProgramChannel(address="{name}/cmd", outgoing=True)],'),
               ('end_with=ord("\\n"),', ""),
               ("data=LINES[ask.verb]", "data=LINES[ask.verb], channel=1"))
    link = "mqtt:lamp"

    def __init__(self):
        self.changed, self.heard, self.on_until, self.closing = threading.Condition(), [], 0.0, False
        self.client = None

    on, wait_heard = Lamp.on, Lamp.wait_heard

    def connect(self, port):
        self.client = Client(port, ("lamp/cmd",), listeners=[self._told])
        threading.Thread(target=self._say, daemon=True).start()

    def _told(self, message):
        with self.changed:
            line = message.text.strip()
            self.heard.append((message.us, line))
            if line == "ON" or (line == "KEEP" and self.on()):
                self.on_until = time.monotonic() + TIMER_S
            if line == "OFF":
                self.on_until = 0.0
            self.changed.notify_all()

    def _say(self):
        while not self.closing:
            self.client.publish("lamp/state", "31.5 %d" % self.on(), qos=0)
            time.sleep(0.1)  # the rhythm of a device

    def close(self):
        self.closing = True
        if self.client:
            self.client.close()


class Lamps(Home):
    """Two lamps, whose programs are the example; that of `lamp` can be told to misbehave."""

    def __init__(self, lamp=None):
        self.lamp, self.other = lamp or Lamp(), Lamp()
        self.fault_is_set = False
        super().__init__(sim=None, config_text=CONFIG.format(lamp=self.lamp.link, other=self.other.link))

    def before_sim(self):
        folder = os.path.join(self.directory, "naughty")
        shutil.copytree(os.path.join(EXAMPLE, "therapy"), os.path.join(folder, "therapy"))
        shutil.copy(os.path.join(EXAMPLE, "infrared_lamp.py"), os.path.join(folder, "other.py"))
        with open(os.path.join(EXAMPLE, "infrared_lamp.py")) as f:
            text = f.read()
        for old, new in getattr(self.lamp, "PROGRAM", ()):
            assert old in text, old
            text = text.replace(old, new)
        if hasattr(self.lamp, "connect"):
            self.lamp.connect(self.broker.port)
        path = os.path.join(folder, "infrared_lamp.py")
        with open(path, "w") as f:
            f.write(text.replace('if __name__ == "__main__":', NAUGHTY + '\nif __name__ == "__main__":'))
        os.chmod(path, 0o755)

    def __exit__(self, *why):
        try:
            return super().__exit__(*why)
        finally:
            self.lamp.close()
            self.other.close()

    def fault(self, what):
        path = os.path.join(self.directory, "naughty", "fault")
        if what is None:
            os.unlink(path)
            return
        with open(path + ".new", "w") as f:
            f.write(what)
        os.rename(path + ".new", path)

    def processes(self, device="lamp"):
        """(device process, program)"""
        for pid in self.gateway.child.descendants():
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if device.encode() in f.read().split(b"\0"):
                    with open(f"/proc/{pid}/task/{pid}/children") as children:
                        found = children.read().split()
                    return pid, int(found[0]) if found else None
        return None, None

    def another(self, before):
        process, program = self.processes()
        return process not in (None, before[0]) and program

    def switch_on(self):
        self.wait_device("lamp", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 15)
        since = now_us()
        result = self.request("lamp", "heat", 1)
        if result["outcome"] != "accepted":
            raise Failure(f"heat is not switched on: {result}")
        self.lamp.wait_heard("ON", since)
        self.client.wait(f"{self.base}/safety", lambda m: m.json["devices"]["lamp"]["heat"]["phase"] == "confirmed_on",
                         None, 10, "heat to be confirmed on")

    def wait_log(self, pattern, timeout=5.0):
        return wait_until(lambda: re.search(pattern, self.gateway.child.tail(200)), f"the log to say {pattern}", timeout)


class Base(unittest.TestCase):
    def goes_off(self, home, act, says, what):
        """Acts while heat is on. The lamp is told OFF in time, the fault is in the log, and the next program does as well."""
        home.switch_on()
        before, mark = home.processes(), home.client.mark()
        start = now_us()
        act(before[1])
        off = home.lamp.wait_heard("OFF", start)
        home.wait_log(f"lamp: program .*/naughty/infrared_lamp.py {says}; going to rest, then starting anew")
        if home.fault_is_set:
            home.fault(None)
            home.fault_is_set = False
        ready = wait_until(lambda: home.another(before) and now_us(), "another program", 10)
        self.assertLessEqual(off - start, OFF_US)
        self.assertFalse(home.lamp.on())
        wait_until(lambda: not os.path.exists(f"/proc/{before[0]}"), "the old device process to be gone")
        wait_until(lambda: not os.path.exists(f"/proc/{before[1]}"), "the old program to be gone")
        print(f"{what}: told OFF after {(off - start) / 1000:.1f} ms, started again after {(ready - start) / 1000:.0f} ms")
        self.client_missed_nothing(home, mark)

    def client_missed_nothing(self, home, since):
        """The other lamp's readings go on without a gap in their numbers, and none late."""
        schema, expected, times = home.schema(), None, []
        home.client.wait(f"{home.base}/other/telemetry", since=home.client.mark())  # there is one after it
        for m in home.client.messages[since - home.client.dropped:]:
            if m.topic == f"{home.base}/other/telemetry":
                batch = schema.batch(m.payload)
                if expected is not None:
                    self.assertEqual(batch.first_sequence, expected)
                expected = batch.first_sequence + len(batch.readings)
                times += [r.monotonic_ms for r in batch.readings]
        self.assertLess(max(b - a for a, b in zip(times, times[1:])), 1200, "ms between two readings of the other lamp")

    def fails(self, home, fault, says):
        home.fault_is_set = True
        self.goes_off(home, lambda _pid: home.fault(fault), says, fault)


class Program(Base):
    def test_it_reads_and_switches_and_its_death_switches_off(self):
        with Lamps() as home:
            state = home.wait_device("lamp", lambda s: s.get("skin_temp") is not None, "the lamp's temperature")
            self.assertEqual(state["skin_temp"], 30.0)  # less its zero
            self.assertEqual(state["relay"], "OFF")
            home.switch_on()
            since = now_us()
            home.lamp.wait_heard("KEEP", since)
            mark = home.client.mark()
            self.assertEqual(home.request("lamp", "heat", 0)["outcome"], "accepted")
            home.lamp.wait_heard("OFF", since)
            home.wait_at_rest("lamp", "heat", mark)
            self.goes_off(home, lambda pid: os.kill(pid, signal.SIGKILL), r"was ended by signal 9 \(Killed\)", "SIGKILL")
            self.goes_off(home, lambda pid: os.kill(pid, signal.SIGSTOP), "did not answer '(decode|encode)' in time",
                          "SIGSTOP")

    def test_check_says_what_is_wrong_with_it(self):
        with Lamps() as home:
            def check():
                return subprocess.run([os.path.join(build_dir(), "gateway", "therapy-gateway"), "check", "-c", home.config],
                                      env=dict(os.environ, **home.environment()), capture_output=True, text=True,
                                      timeout=20)
            done = check()
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("lamp", done.stdout)
            self.assertIn("heat, Example Infrared lamp, on tcp://", done.stdout)
            path = os.path.join(home.directory, "naughty", "other.py")
            with open(path) as f:
                text = f.read()
            with open(path, "w") as f:
                f.write(text.replace('confirm="relay"', 'confirm="relais"'))
            done = check()
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r'gateway\.cfg:5: device \'other\': program .*/other\.py: model "lines": control '
                                          r'"heat" names the metric "relais", expected one of its metrics')


    def test_the_conversation_in_the_documents(self):
        with open(os.path.join(SOURCE, "docs", "wire.md")) as f:
            said = re.findall(r"^([<>]) ([0-9a-f ]+)$", f.read(), re.M)
        self.assertGreaterEqual(len(said), 8)
        with subprocess.Popen([os.path.join(EXAMPLE, "infrared_lamp.py")], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as program:
            for who, text in said:
                data = bytes.fromhex(text)
                if who == ">":
                    program.stdin.write(data)
                    program.stdin.flush()
                else:
                    self.assertEqual(program.stdout.read(len(data)).hex(" "), text)
            program.stdin.close()
            self.assertEqual(program.stdout.read(), b"")
        self.assertEqual(program.returncode, 0)


@unittest.skipIf(os.environ.get("THERAPY_QUICK"), "only check --all")
class Faults(Base):
    def test_whatever_it_does(self):
        with Lamps() as home:
            self.fails(home, "exit", "ended with status 3")
            self.fails(home, "raise", "ended with status 1")
            home.wait_log("ValueError: a bug")  # what the interpreter says, in the gateway's log

    def test_whatever_it_says(self):
        with Lamps() as home:
            self.fails(home, "print", r"announced a message of \d+ bytes, .* \(it began \"temp\"\)")
            self.fails(home, "oversize", "announced a message of 2147483647 bytes, .*")

    def test_however_slow_it_is(self):
        with Lamps() as home:
            self.fails(home, "slow", "did not answer 'decode' in time")
            self.fails(home, "loop", "did not answer 'decode' in time")

    def test_behind_a_broker(self):
        with Lamps(MqttLamp()) as home:
            self.goes_off(home, lambda pid: os.kill(pid, signal.SIGKILL), r"was ended by signal 9 \(Killed\)", "SIGKILL")
            self.fails(home, "slow", "did not answer 'decode' in time")
            home.switch_on()
            process, program = home.processes()
            start = now_us()
            os.kill(process, signal.SIGKILL)  # its last will carries what the program said beforehand
            print(f"device process killed: told OFF after {(home.lamp.wait_heard('OFF', start) - start) / 1000:.1f} ms")
            wait_until(lambda: not os.path.exists(f"/proc/{program}"), "the program to end with its device process")

    def the_gateway_dies(self, act, what):
        with Lamps() as home:
            home.switch_on()
            process, program = home.processes()
            start = now_us()
            act(program)
            home.gateway.kill()
            print(f"{what}: told OFF after {(home.lamp.wait_heard('OFF', start) - start) / 1000:.1f} ms")
            for pid in (process, program):
                wait_until(lambda pid=pid: not os.path.exists(f"/proc/{pid}"), f"{pid} to be gone")

    def test_the_gateway_dies(self):
        self.the_gateway_dies(lambda program: None, "gateway killed")
        self.the_gateway_dies(lambda program: os.kill(program, signal.SIGSTOP), "gateway killed, program stopped")

    def test_it_dies_while_nobody_is_there(self):
        with Lamps() as home:
            home.wait_device("lamp", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 15)
            home.lamp.drop()
            home.wait_log("lamp: link is down")
            before = home.processes()
            os.kill(before[1], signal.SIGKILL)
            home.wait_log(r"lamp: program .* was ended by signal 9 \(Killed\)")
            wait_until(lambda: home.another(before), "another program", 10)

    def test_however_much_it_wants(self):
        with Lamps() as home:
            self.fails(home, "memory", "(ended with status 1|did not answer 'decode' in time)")


if __name__ == "__main__":
    unittest.main()
