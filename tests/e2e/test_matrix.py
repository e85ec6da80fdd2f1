#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The matrix fault x layer of docs/dead-man.md: each marked cell with the other layers off, and never later than the
bound that the gateway itself publishes for that layer.

A layer is taken away as the world would take it: the plug's and the board's own timer by a simulated device that
confirms it and does not act on it; the last will by a proxy that cuts it out of CONNECT; the lease by stopping or
killing the process that would keep it; starting the process again by refusing its new connection. Heat and 10 N of
traction are on at the same time, so one fault is asked of both.

All homes run at once, for most of the time is waiting for the 30 s of a plug's timer.
"""
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SOURCE, Failure, Home, free_port, now_us  # noqa: E402
from proxy import Proxy  # noqa: E402

STARTING = threading.Semaphore(4)  # homes that come up at a time: two processors have enough to do with those
LONGEST_S = 45                     # a wait for an OFF: longer than every bound, so that a late one is measured too
ON = {"pad": ("heat", 1, "relay", lambda e: e["on"]), "belt": ("tension", 10, "belt", lambda e: e["what"] == "energised")}
OFF = {"pad": ("relay", lambda e: not e["on"]), "belt": ("belt", lambda e: e["what"] == "resting")}


def demo_config():
    """The demo's home, in which 10 N, 2.5 kPa in the simulated belt, are no load yet: both can be on."""
    with open(os.path.join(SOURCE, "etc", "demo.cfg")) as f:
        text = f.read()
    return text.replace("traction.pressure < 1 kPa", "traction.pressure < 5 kPa")


class Place(Home):
    """A home whose lines go through proxies: gateway to broker, gateway to board, plug to broker."""

    def __init__(self, strip_will=False, sim_proxy=False, **more):
        super().__init__(gateway=False, config_text=demo_config(), **more)
        self.strip_will, self.with_sim_proxy = strip_will, sim_proxy
        self.proxies = []
        self.companion = None

    def proxy(self, port, **more):
        self.proxies.append(Proxy(port, **more))
        return self.proxies[-1]

    def before_sim(self):
        if self.with_sim_proxy:
            self.plug_line = self.proxy(self.broker.port)
            self.sim_url = f"mqtt://127.0.0.1:{self.plug_line.port}"

    def lines(self):
        """The gateway's ways out."""
        self.broker_line = self.proxy(self.broker.port, strip_will=(".pad",) if self.strip_will else ())
        self.belt_line = self.proxy(self.sim.ready["belt_port"])
        self.environ = {"MQTT_URL": f"mqtt://127.0.0.1:{self.broker_line.port}",
                        "THERAPY_BELT_PORT": str(self.belt_line.port)}

    def __exit__(self, *why):
        if self.companion:
            self.companion.kill()
            self.companion.wait()
        for proxy in self.proxies:
            proxy.close()
        return super().__exit__(*why)

    def process_of(self, device):
        for pid in self.gateway.child.descendants():
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if device.encode() in f.read().split(b"\0"):
                    return pid
        raise Failure(f"no process of {device}")

    def switch_on(self, device):
        control, value, event, is_on = ON[device]
        self.wait_device(device, lambda s: s.get(f"{control}_permitted") == "ON", f"{device} to be permitted", 40)
        mark = self.sim.mark()
        result = self.request(device, control, value, timeout=20)
        if result["outcome"] != "accepted":
            raise Failure(f"{device}: {result}")
        self.sim.wait_event(event, is_on, mark, 20)
        self.client.wait(f"{self.base}/safety", lambda m: m.json["devices"][device][control]["phase"] == "confirmed_on",
                         None, 20, f"{device} confirmed on")

    def bounds(self, device):
        """What the gateway publishes, of the device's one control: {fault: {..., "layers": {layer: ms}}}."""
        topic = f"{self.base}/{device}/deadman"
        return next(iter(self.client.wait(topic, since=None).json.values()))["faults"]

    # ---- faults ----

    def signal(self, number, *names):
        """Devices' processes before the gateway: what is meant to die with it must not hear of its end."""
        pids = [self.process_of(name) for name in names if name != "gateway"]
        for pid in pids:
            os.kill(pid, number)
        if "gateway" in names:
            self.gateway.child.signal(number)

    def refuse(self):
        self.broker_line.refuse()
        self.belt_line.refuse()

    def keep_group(self):
        """When the gateway's watchdog ends it, the kernel would wake its stopped children (a process group that is newly
        orphaned gets SIGHUP and SIGCONT) and they would switch off by themselves. Under a service manager the group is
        orphaned from the start and nobody wakes them: one more of the group, whose parent is here, keeps it so."""
        self.companion = subprocess.Popen(["sleep", "120"], process_group=self.gateway.child.pid)


# (name, fault, {device: layer that is asked alone}, timers on, will stripped, the plug's line through a proxy, what happens)
KILL, STOP = signal.SIGKILL, signal.SIGSTOP
CASES = []


def case(fault, cells, act, timers=(), strip=False, sim_proxy=False):
    CASES.append((f"{fault}_{'_'.join(cells.values())}", fault, cells, timers, strip, sim_proxy, act))


case("gateway_killed", {"pad": "lease", "belt": "lease"}, lambda h: h.signal(KILL, "gateway"), strip=True)
case("gateway_hung", {"pad": "lease", "belt": "lease"}, lambda h: h.signal(STOP, "gateway"), strip=True)
for name, number in (("killed", KILL), ("hung", STOP)):
    for fault, who in (("device", ("pad", "belt")), ("both", ("pad", "belt", "gateway"))):
        def act(h, number=number, who=who):
            h.refuse()
            if number == STOP:
                h.keep_group()
            h.signal(number, *who)
        case(f"{fault}_{name}", {"pad": "will", "belt": "timer"}, act, timers=("belt",))
        case(f"{fault}_{name}", {"pad": "timer"}, act, timers=("pad", "belt"), strip=True)
    case(f"sensor_{name}", {"pad": "stale", "belt": "stale"}, lambda h, number=number: h.signal(number, "table"),
         strip=True)
case("sensor_silent", {"pad": "stale", "belt": "stale"}, lambda h: h.sim.command("table gap 60s"), strip=True)
case("broker_dead", {"pad": "timer"}, lambda h: h.broker.child.kill(), timers=("pad",))
case("link_cut", {"pad": "timer", "belt": "timer"}, lambda h: (h.plug_line.hold(), h.belt_line.hold()),
     timers=("pad", "belt"), sim_proxy=True)
case("network_cut", {"pad": "timer", "belt": "timer"}, lambda h: (h.broker_line.hold(), h.belt_line.hold()),
     timers=("pad", "belt"), strip=True)


def machine_dies(h):
    h.broker.child.kill()
    h.signal(KILL, "pad", "belt", "gateway")


case("machine_dead", {"pad": "timer", "belt": "timer"}, machine_dies, timers=("pad", "belt"))


def run_case(fault, cells, timers, strip, sim_proxy, act):
    with Place(strip, sim_proxy) as home:
        with STARTING:
            home.lines()
            home.start_gateway()
            for device in ("pad", "belt"):
                home.sim.command(f"{device} timer {'on' if device in timers else 'off'}")
            home.switch_on("belt")
            home.switch_on("pad")
        if strip and home.broker_line.stripped == []:
            raise Failure("the will was to be off, and the proxy saw none")
        bounds = {device: home.bounds(device)[fault] for device in cells}
        mark, start = home.sim.mark(), now_us()
        act(home)
        return measure(home, cells, bounds, mark, start)


def told_off(home, mark, off):
    """Was the plug told to open the relay that opened? The simulator tells of the command first, then of the relay."""
    return any(e["event"] == "command" and e["command"] == "POWER" and e["payload"] == "OFF" and e["us"] <= off["us"]
               for e in home.sim.events[mark:])


def measure(home, cells, bounds, mark, start):
    result = {}
    for device, layer in cells.items():
        event, is_off = OFF[device]
        left = LONGEST_S - (now_us() - start) / 1e6
        off = home.sim.wait_event(event, is_off, mark, max(left, 0.1), f"{device} off")
        result[device] = (layer, (off["us"] - start) / 1000, bounds[device]["layers"].get(layer))
        if device == "pad":  # else another layer than the one that was asked has acted
            told = told_off(home, mark, off)
            if told == (layer == "timer"):
                raise Failure(f"pad: asked was the layer {layer}, and the plug was {'' if told else 'not '}told OFF")
        elif layer == "timer":
            home.sim.wait_event("belt", lambda e: e["what"] == "timeout", mark, 1, "the board's own timer to act")
    return result


# ---- cut networks: the gateway in a namespace of its own ----

class Namespace:
    """A network namespace with one line to here, a pair of veth. Root only."""
    count = 0
    lock = threading.Lock()

    def __init__(self):
        with Namespace.lock:
            Namespace.count += 1
            n = os.getpid() * 4 + Namespace.count
        self.name = f"therapy-{n}"
        self.near = f"th{n % 10 ** 10}a"
        net = f"10.{200 + n // 16384 % 50}.{n // 64 % 256}.{n % 64 * 4}".rsplit(".", 1)
        self.here, self.there = f"{net[0]}.{int(net[1]) + 1}", f"{net[0]}.{int(net[1]) + 2}"
        self._ip("netns", "add", self.name)
        try:
            self._ip("link", "add", self.near, "type", "veth", "peer", "name", "out", "netns", self.name)
            self._ip("addr", "add", f"{self.here}/30", "dev", self.near)
            self._ip("link", "set", self.near, "up")
            self._ip("-n", self.name, "link", "set", "lo", "up")
            self._ip("-n", self.name, "addr", "add", f"{self.there}/30", "dev", "out")
            self._ip("-n", self.name, "link", "set", "out", "up")
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _ip(*words):
        done = subprocess.run(["ip", *words], capture_output=True, text=True)
        if done.returncode != 0:
            raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")

    def cut(self):
        self._ip("-n", self.name, "link", "set", "out", "down")

    def close(self):
        subprocess.run(["ip", "link", "del", self.near], capture_output=True)
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)


def namespaces_missing():
    """Why there can be none here, or None."""
    try:
        Namespace().close()
        return None
    except OSError as error:
        return str(error)


def run_cut(fault, dies):
    """The last will alone: the plug's own timer is off, and so is the machine where `dies`."""
    space, port = Namespace(), free_port()
    try:
        text = re.sub(r'  \{ id = "belt";.*?\n  \},\n', "", demo_config(), flags=re.S)
        text = text.replace('url = "${MQTT_URL}";', f'url = "mqtt://{space.here}:{port}"; keep_alive = "2 s";')
        home = Home(config_text=text, gateway=False,
                    broker_options=f"listener {port} {space.here}\nallow_anonymous true")
        home.prefix = ("ip", "netns", "exec", space.name)
        with home:
            with STARTING:
                home.start_gateway()
                home.sim.command("pad timer off")
                Place.switch_on(home, "pad")
            bounds = {"pad": Place.bounds(home, "pad")[fault]}
            mark, start = home.sim.mark(), now_us()
            space.cut()
            if dies:
                Place.signal(home, KILL, "pad", "table", "gateway")
            return measure(home, {"pad": "will"}, bounds, mark, start)
    finally:
        space.close()


Home.process_of = Place.process_of
NO_NAMESPACES = namespaces_missing()


class Matrix(unittest.TestCase):
    results = {}

    @classmethod
    def setUpClass(cls):
        jobs = {name: (run_case, rest) for name, *rest in CASES}
        if not NO_NAMESPACES:
            jobs["network_cut_will"] = (run_cut, ("network_cut", False))
            jobs["machine_dead_will"] = (run_cut, ("machine_dead", True))
        with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
            cls.results = {name: pool.submit(run, *args) for name, (run, args) in jobs.items()}

    @classmethod
    def tearDownClass(cls):
        print(f"\n{'fault':<16} {'device':<6} {'layer':<6} {'off after':>10} {'bound':>10}")
        for name, future in sorted(cls.results.items()):
            if future.exception() is None:
                for device, (layer, ms, bound) in future.result().items():
                    fault = name[:-len("_".join(v[0] for v in future.result().values())) - 1]
                    print(f"{fault:<16} {device:<6} {layer:<6} {ms:>7.0f} ms {bound or 0:>7} ms")
        if NO_NAMESPACES:
            print("*** NOT TESTED: network cut and machine dead by the last will. This environment allows no network "
                  f"namespaces: {NO_NAMESPACES}")

    def check(self, name):
        for device, (layer, ms, bound) in self.results[name].result().items():
            self.assertIsNotNone(bound, f"{name}: no bound is published for {device}, {layer}")
            self.assertLessEqual(ms, bound, f"{name}: {device} went off after {ms:.0f} ms by {layer}")

    def test_traction_goes_on_without_the_broker(self):
        """What is called not affected is not: the board is renewed over its own line."""
        with Home() as home:
            Place.switch_on(home, "belt")
            self.assertFalse(Place.bounds(home, "belt")["broker_dead"]["affected"])
            mark = home.sim.mark()
            home.broker.child.kill()
            with self.assertRaises(Failure):
                home.sim.wait_event("belt", OFF["belt"][1], mark, 5)


def add_tests():
    names = [name for name, *_ in CASES] + ["network_cut_will", "machine_dead_will"]
    for name in names:
        def test(self, name=name):
            self.check(name)
        if name not in [c[0] for c in CASES]:
            test = unittest.skipIf(NO_NAMESPACES is not None, f"NO NETWORK NAMESPACES HERE: {NO_NAMESPACES}")(test)
        setattr(Matrix, f"test_{name}", test)


add_tests()

if __name__ == "__main__":
    unittest.main(verbosity=2)
