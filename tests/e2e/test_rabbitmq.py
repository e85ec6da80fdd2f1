#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second broker: RabbitMQ's MQTT plugin, which speaks 3.1.1 only (Debian's 3.10). Not every home has mosquitto, and what
works with one make alone is no protocol. Part of ./check --all, which installs it; a node of its own, as this user, on
loopback and in the test's directory, and ended with it."""
import os
import signal
import socket
import tempfile
import unittest

from harness import Child, Home, free_port, wait_until

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"  # Debian's /usr/sbin/rabbitmq-server insists on root and its own places


class RabbitMQ:
    def __init__(self, directory):
        self.directory = directory
        self.port, distribution, epmd = free_port(), free_port(), free_port()
        here = lambda name: os.path.join(directory, name)
        with open(here("rabbitmq.conf"), "w") as f:
            f.write("listeners.tcp = none\n"
                    f"mqtt.listeners.tcp.1 = 127.0.0.1:{self.port}\n"
                    "mqtt.allow_anonymous = true\n")
        with open(here("plugins"), "w") as f:
            f.write("[rabbitmq_mqtt].\n")
        env = {
            "HOME": directory, "ERL_EPMD_PORT": str(epmd), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RUNNING_UNDER_SYSTEMD": "true",  # no script stays between us and the node
            "RABBITMQ_NODENAME": f"therapy{os.getpid()}@localhost", "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": here("mnesia"), "RABBITMQ_LOG_BASE": here("log"), "RABBITMQ_LOGS": here("rabbit.log"),
            "RABBITMQ_CONFIG_FILE": here("rabbitmq.conf"), "RABBITMQ_ENABLED_PLUGINS_FILE": here("plugins"),
            "RABBITMQ_CONF_ENV_FILE": here("none"), "RABBITMQ_ADVANCED_CONFIG_FILE": here("advanced.config"),
            "RABBITMQ_PID_FILE": here("pid"), "RABBITMQ_GENERATED_CONFIG_DIR": here("generated"),
        }
        # Else the node starts one that stays for ever.
        self.epmd = Child("epmd", ["epmd", "-port", str(epmd), "-address", "127.0.0.1"], directory, env, sanitizer=False)
        self.node = Child("rabbitmq", [SERVER], directory, env, sanitizer=False)
        try:
            wait_until(self._answers, "RabbitMQ to answer", 120, 0.1)
        except BaseException:
            print(self.node.tail(60))
            self.stop()
            raise

    def _answers(self):
        if not self.node.alive():
            raise AssertionError(f"RabbitMQ ended at once:\n{self.node.tail()}")
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        self.node.stop(30)
        self.epmd.stop()


@unittest.skipUnless(os.path.exists(SERVER), "rabbitmq-server is not installed: ./check --all installs it")
class SecondBroker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="therapy-rabbitmq-")
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.broker = RabbitMQ(cls.temporary.name)
        cls.addClassCleanup(cls.broker.stop)

    def test_a_home_works_there(self):
        with Home(url=f"mqtt://127.0.0.1:{self.broker.port}") as home:
            home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 20)
            log = home.gateway.child.tail(100000)
            for client in ("therapy.demo", "therapy.demo.pad"):
                self.assertIn(f"client '{client}' speaks MQTT 3.1.1 with this broker, which takes no 5", log)
            # discovery and states are kept, for who asks for them by name
            for device in ("", "-table", "-belt", "-pad"):
                topic = f"homeassistant/device/therapy-demo{device}/config"
                home.client.wait(topic, since=None)
            seen, mark = home.client.mark(), home.sim.mark()
            result = home.request("pad", "heat", 1)
            self.assertEqual(result["outcome"], "accepted", result)
            home.sim.wait_event("relay", lambda e: e["on"], mark)
            batch = home.schema().batch(home.client.wait("therapy/demo/table/telemetry", since=seen).payload)
            self.assertEqual(batch.device_id, "table")
            # a rule across devices
            tilted = home.client.mark()
            home.sim.command("table tilt 30 now")
            home.sim.wait_event("relay", lambda e: not e["on"], mark, 3)
            home.wait_at_rest("pad", "heat", tilted)
            home.sim.command("table tilt 0 now")
            home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat permitted again", 20)
            # the will of the device's connection: nothing else could switch it off so soon
            mark = home.sim.mark()
            self.assertEqual(home.request("pad", "heat", 1)["outcome"], "accepted")
            home.sim.wait_event("relay", lambda e: e["on"], mark)
            for pid in home.gateway.child.descendants():
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    if f.read().split(b"\0")[2:3] == [b"pad"]:
                        os.kill(pid, signal.SIGKILL)
            home.sim.wait_event("relay", lambda e: not e["on"], mark, 3)
            # and that of the gateway's
            gone = home.client.mark()
            home.gateway.kill()
            home.client.wait("therapy/demo/availability", lambda m: m.text == "offline", gone, 5)

    def test_a_clean_end_lets_the_will_of_an_actuator_speak(self):
        with Home(url=f"mqtt://127.0.0.1:{self.broker.port}") as home:
            home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 20)
            mark = home.sim.mark()
            self.assertEqual(home.request("pad", "heat", 1)["outcome"], "accepted")
            home.sim.wait_event("relay", lambda e: e["on"], mark)
            seen = home.client.mark()
            self.assertEqual(home.gateway.stop(), 0)
            home.sim.wait_event("relay", lambda e: not e["on"], mark, 5)
            home.client.wait("therapy/demo/availability", lambda m: m.text == "offline", seen, 5)


if __name__ == "__main__":
    unittest.main()
