#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The broker of etc/mosquitto, with exactly those files but for paths and ports: a home works there, encrypted and with the
rights that therapy.acl gives, and nobody else commands anything."""
import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

import paho.mqtt.client as mqtt

from harness import SOURCE, Child, Client, Home, free_port, wait_until

ACCOUNTS = {"therapy-gateway": "a long secret of the gateway", "homeassistant": "ha-secret", "pad_plug": "plug-secret",
            "stranger": "stranger-secret", "pad": "a long secret of the pad"}
PATHS = {"/etc/mosquitto/certs/": "", "/etc/mosquitto/": "", "/var/lib/mosquitto/": "kept/"}


def run(*argv):
    subprocess.run(argv, check=True, capture_output=True, timeout=60)


class Broker:
    """mosquitto with the shipped files. `certificates`: with the lines that let nobody in without one."""

    def __init__(self, directory, certificates=False, own=False):
        self.directory = directory
        os.mkdir(os.path.join(directory, "kept"))
        self.make_certificates()
        passwords = os.path.join(directory, "therapy.passwd")
        for n, (name, password) in enumerate(ACCOUNTS.items()):
            run("mosquitto_passwd", *(["-c"] if n == 0 else []), "-b", passwords, name, password)
        self.plain, self.secure = free_port(), free_port()
        for name in ("mosquitto.conf", "therapy.acl"):
            with open(os.path.join(SOURCE, "etc", "mosquitto", name)) as f:
                text = f.read()
            for path, here in PATHS.items():
                text = text.replace(path, os.path.join(directory, here))
            text = text.replace("listener 1883 127.0.0.1", f"listener {self.plain} 127.0.0.1")
            text = text.replace("listener 8883", f"listener {self.secure} 127.0.0.1")
            if certificates:
                text = text.replace("# cafile", "cafile").replace("# require_certificate", "require_certificate")
            if own:  # as the comments in it say
                text = re.sub(r"# (user pad|topic \w+ (cmnd|stat|tele)/.*)$", r"\1", text, flags=re.M)
                text = re.sub(r"\n# Of each plug:.*?\n\n", "\n\n", text, flags=re.S)
            if name == "mosquitto.conf" and os.geteuid() == 0:
                text += "user root\n"  # else it looks for a user that need not exist here
            with open(os.path.join(directory, name), "w") as f:
                f.write(text)
            os.chmod(os.path.join(directory, name), 0o600)
        self.child = Child("mosquitto", ["/usr/sbin/mosquitto", "-c", os.path.join(directory, "mosquitto.conf")], directory,
                           sanitizer=False)
        wait_until(self.listens, "mosquitto to listen")

    def make_certificates(self):
        here = lambda name: os.path.join(self.directory, name)
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        run("openssl", "req", "-x509", *key, "-days", "2", "-subj", "/CN=Home CA", "-keyout", here("ca.key"), "-out",
            here("ca.pem"))
        with open(here("names"), "w") as f:
            f.write("subjectAltName=DNS:localhost")
        for whose in ("broker", "gateway"):
            run("openssl", "req", *key, "-subj", "/CN=localhost", "-keyout", here(f"{whose}.key"), "-out", here("csr"))
            run("openssl", "x509", "-req", "-in", here("csr"), "-CA", here("ca.pem"), "-CAkey", here("ca.key"),
                "-CAcreateserial", "-days", "2", "-extfile", here("names"), "-out", here(f"{whose}.pem"))
            os.chmod(here(f"{whose}.key"), 0o600)

    def listens(self):
        if not self.child.alive():
            raise AssertionError(f"mosquitto ended at once: {self.child.tail()}")
        try:
            socket.create_connection(("127.0.0.1", self.secure), 1).close()
            return True
        except OSError:
            return False


class Accounts(unittest.TestCase):
    certificates = own = False

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="therapy-accounts-")
        self.addCleanup(temporary.cleanup)
        self.broker = Broker(temporary.name, self.certificates, self.own)
        self.addCleanup(self.broker.child.stop)
        secret = os.path.join(temporary.name, "secret")
        with open(secret, "w") as f:
            f.write(ACCOUNTS["therapy-gateway"] + "\n")
        os.chmod(secret, 0o600)
        with open(os.path.join(SOURCE, "etc", "demo.cfg")) as f:
            text = f.read().replace('id = "demo"', 'id = "home"; log = "debug"')
        text = re.sub(r"mqtt = .*", f'mqtt = {{ url = "mqtts://localhost:{self.broker.secure}"; username = "therapy-gateway"; '
                      f'password_file = "{secret}"; ca_file = "{temporary.name}/ca.pem"; {self.more(temporary.name)} }};', text)
        if self.own:
            pad = os.path.join(temporary.name, "pad.secret")
            with open(pad, "w") as f:
                f.write(ACCOUNTS["pad"])
            os.chmod(pad, 0o600)
            text = re.sub(r'link = "mqtt:', f'account = {{ username = "pad"; password_file = "{pad}"; }}; \\g<0>', text)
        self.home = Home(url=f"mqtt://127.0.0.1:{self.broker.plain}", config_text=text, gateway_id="home")
        self.home.account = ("homeassistant", ACCOUNTS["homeassistant"])
        self.home.sim_url = f"mqtt://pad_plug:{ACCOUNTS['pad_plug']}@127.0.0.1:{self.broker.plain}"
        self.enterContext(self.home)

    def more(self, directory):
        return ""

    def somebody(self, name, topic="#"):
        client = Client(self.broker.plain, (topic,), account=(name, ACCOUNTS[name]))
        self.addCleanup(client.close)
        return client

    def test_a_home_works_under_the_rights(self):
        home = self.home
        home.client.wait("homeassistant/device/therapy-home-pad/config", since=None)
        home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 20)
        mark, seen = home.sim.mark(), home.client.mark()
        self.assertEqual(home.request("pad", "heat", 1)["outcome"], "accepted")
        home.sim.wait_event("relay", lambda e: e["on"], mark)
        home.client.wait("therapy/home/table/telemetry", since=seen)
        # the wills: of the device's connection, a command; of the gateway's, its availability
        for pid in home.gateway.child.descendants():
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if f.read().split(b"\0")[2:3] == [b"pad"]:
                    os.kill(pid, signal.SIGKILL)
        home.sim.wait_event("relay", lambda e: not e["on"], mark, 3)
        gone = home.client.mark()
        home.gateway.kill()
        home.client.wait("therapy/home/availability", lambda m: m.text == "offline", gone, 5)
        log = home.gateway.child.tail(100000)
        self.assertNotIn("access rules", log)
        self.assertNotIn("does not let client", log)
        for password in ACCOUNTS.values():  # at the level of most words
            self.assertNotIn(password, log)

    def test_nobody_else_commands(self):
        home = self.home
        home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 20)
        mark, seen = home.sim.mark(), home.client.mark()
        requests = ("therapy/home/pad/set/heat", "therapy/home/stop", "cmnd/pad_plug/POWER", "therapy/home/pad/off_test/heat")
        stranger, plug = self.somebody("stranger"), self.somebody("pad_plug")
        for who in (stranger, plug):
            for topic in requests:
                self.acknowledged(who, topic, "ON")
        self.acknowledged(home.client, "cmnd/pad_plug/POWER", "ON")
        self.acknowledged(stranger, "therapy/home/pad/state", '{"heat":"ON"}')
        self.acknowledged(stranger, "therapy/home/availability", "offline")
        # what Home Assistant asks comes after all of these, and is the first that anybody obeys
        self.assertEqual(home.request("pad", "heat", 1)["outcome"], "accepted")
        home.sim.wait_event("relay", lambda e: e["on"], mark)
        self.assertEqual(len([m for m in home.client.messages[seen:] if m.topic == "therapy/home/pad/result"]), 1)
        self.assertEqual([m for m in home.client.messages[seen:] if m.topic.startswith("therapy/home/") and
                          m.text in ("offline", '{"heat":"ON"}')], [])
        self.assertEqual([e for e in home.sim.events[mark:] if e["event"] == "relay" and not e["on"]], [])
        self.assertEqual(stranger.messages, [], "a stranger sees nothing either")
        self.assertEqual({m.topic.split("/")[0] for m in plug.messages} - {"cmnd"}, set())

    def acknowledged(self, client, topic, payload):
        """Until the broker has dealt with it. 3.1.1 does not say that it was dropped."""
        info = client.mqtt.publish(topic, payload, 1)
        info.wait_for_publish(5)
        self.assertTrue(info.is_published())

    def test_without_an_account_nobody_comes_in(self):
        told = threading.Event()
        client = mqtt.Client()
        codes = []
        client.on_connect = lambda _c, _u, _f, code: (codes.append(code), told.set())
        client.connect("127.0.0.1", self.broker.plain)
        client.loop_start()
        self.assertTrue(told.wait(5))
        client.loop_stop()
        self.assertEqual(codes[0], 5)  # not authorised


class Certificates(Accounts):
    """The gateway and its devices show a certificate."""
    certificates = True

    def more(self, directory):
        return f'cert_file = "{directory}/gateway.pem"; key_file = "{directory}/gateway.key";'

    test_nobody_else_commands = None  # as above
    test_without_an_account_nobody_comes_in = None

    def test_without_a_certificate_nobody_comes_in(self):
        connect = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01x"
        context = ssl.create_default_context(cafile=os.path.join(self.broker.directory, "ca.pem"))
        answer = b""
        try:
            with socket.create_connection(("localhost", self.broker.secure), 5) as plain:
                with context.wrap_socket(plain, server_hostname="localhost") as secure:
                    secure.sendall(connect)
                    answer = secure.recv(100)
        except (ssl.SSLError, ConnectionError):
            pass
        self.assertEqual(answer, b"")


class OwnAccount(Accounts):
    """The pad's plugin is somebody else's: its process has an account of its own and knows no other."""
    own = True

    test_a_home_works_under_the_rights = None  # as above
    test_nobody_else_commands = None  # as above
    test_without_an_account_nobody_comes_in = None

    def test_its_process_holds_no_other_secret(self):
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 20)
        for pid in self.home.gateway.child.descendants():
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                name = f.read().split(b"\0")[2].decode()
            held = memory_of(pid)
            self.assertNotIn(ACCOUNTS["therapy-gateway"].encode(), held, name)
            self.assertEqual(ACCOUNTS["pad"].encode() in held, name == "pad", name)


def memory_of(pid):
    """What a process may write to: its heap, its stacks, its buffers. Untouched pages of a sanitizer are left out."""
    held = b""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            begin, end = (int(n, 16) for n in span.split("-"))
            if not rights.startswith("rw") or end - begin > 64 << 20:
                continue
            memory.seek(begin)
            try:
                held += memory.read(end - begin)
            except OSError:
                continue  # a mapping of the kernel's
    return held


if __name__ == "__main__":
    unittest.main()
