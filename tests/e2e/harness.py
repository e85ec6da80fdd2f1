# SPDX-License-Identifier: Apache-2.0
"""What end-to-end tests stand on: a private broker, the simulator, the gateway, and an MQTT client of its own.

Everything runs as a child of this process on loopback and in one temporary directory, and is ended by its process id.
Waiting is for events (a message, a line, an exit), never for a time to pass; each wait has a limit and says what was
missing. Times are CLOCK_BOOTTIME in microseconds, the clock of the simulator and of the gateway.
"""
import ctypes
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

import paho.mqtt.client as mqtt

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


def build_dir():
    return os.environ.get("THERAPY_BUILD_DIR", os.path.join(SOURCE, "build", "ci"))


def now_us():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


class Failure(AssertionError):
    """Something expected did not happen; the text says what, and what was seen instead."""


def wait_until(check, what, timeout=10.0, every=0.005):
    """For what has no event to wait for (a file, a port): the first true value of check()."""
    end = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {timeout:g} s")
        time.sleep(every)


class Child:
    """One program started here. It ends with us even if we are killed, and is only ever signalled by its own id."""

    def __init__(self, name, argv, directory, env=None, sanitizer=True):
        self.name = name
        self.directory = directory
        self.log_path = os.path.join(directory, f"{name}.log")
        environment = dict(os.environ, **(env or {}))
        if sanitizer:
            options = f"log_path={directory}/sanitizer.{name}"
            for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
                extra = environment.get(key)
                environment[key] = f"{extra}:{options}" if extra else options
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env=environment, preexec_fn=_die_with_parent)

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def signal(self, number):
        if self.alive():
            self.process.send_signal(number)

    def wait(self, timeout=10.0):
        """Its exit status; negative: the signal that ended it."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {timeout:g} s\n{self.tail()}") from None

    def stop(self, timeout=10.0):
        """Asks it to end (SIGTERM), insists if it does not. Its exit status."""
        if self.alive():
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        return self.process.returncode

    def kill(self):
        if self.alive():
            self.process.kill()
        return self.process.wait()

    def tail(self, lines=30):
        try:
            with open(self.log_path, errors="replace") as log:
                return "".join(log.readlines()[-lines:])
        except OSError:
            return ""

    def descendants(self):
        """Process ids of its children, as the kernel lists them."""
        try:
            with open(f"/proc/{self.pid}/task/{self.pid}/children") as children:
                return [int(pid) for pid in children.read().split()]
        except OSError:
            return []


def _die_with_parent():
    os.setpgid(0, 0)  # Ctrl-C is for us, who then ends the children in order
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


PORTS = range(16384, 32768)  # below those that the kernel gives to whoever connects (ip_local_port_range)
_reserved = []               # sockets that say "ours" of a port, for as long as this process lives


def free_port():
    """A loopback port that no other test gets while this process lives, also when nothing listens there for a while: a
    broker that was killed is to be missed, and not found to be another home's. gateway/broker/testing_broker.c does so, too."""
    start = random.randrange(len(PORTS))
    for i in range(len(PORTS)):
        port = PORTS[(start + i) % len(PORTS)]
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with socket.socket() as s:
            try:
                name.bind(f"\0therapy-test-port-{port}")
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a child that another thread just forks has it, too
                s.bind(("127.0.0.1", port))
            except OSError:
                name.close()
                continue
        _reserved.append(name)
        return port
    raise Failure("no port is free")


class Broker:
    """A private mosquitto on a free loopback port, with the distribution's defaults otherwise: users do not tune theirs."""

    def __init__(self, directory, options=""):
        self.directory = directory
        self.options = options
        self.child = None
        self.program = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if not self.program:
            raise Failure("mosquitto is not installed (packaging/install-packages demo installs it)")
        self.port = free_port()
        self.start()

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self):
        config = os.path.join(self.directory, "mosquitto.conf")
        with open(config, "w") as f:
            f.write(f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                    f"persistence_location {self.directory}/\n{self.options}\n")
            if os.geteuid() == 0:
                f.write("user root\n")  # else it looks for a user that need not exist here
        self.child = Child("mosquitto", [self.program, "-c", config], self.directory, sanitizer=False)
        try:
            wait_until(self._answers, f"mosquitto to answer on port {self.port}")
        except BaseException:
            self.child.stop()
            raise

    def _answers(self):
        if not self.child.alive():
            raise Failure(f"mosquitto ended at once: {self.child.tail()}")
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        if self.child:
            self.child.stop()
            self.child = None


class Message:
    def __init__(self, message):
        self.topic = message.topic
        self.payload = message.payload
        self.retained = bool(message.retain)
        self.qos = message.qos
        self.us = now_us()

    @property
    def text(self):
        return self.payload.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.payload)

    def __repr__(self):
        return f"{self.topic}{' (retained)' if self.retained else ''}: {self.text[:200]}"


class Client:
    """An MQTT client that shares nothing with the gateway (python3-paho-mqtt). Keeps the last 20,000 messages in order."""

    def __init__(self, port, subscriptions=("#",), client_id="", host="127.0.0.1", listeners=(), on_down=None,
                 account=None):
        self.messages = []
        self.dropped = 0  # taken off the front of messages
        self.latest = {}
        self.changed = threading.Condition()
        self.connected = False
        self.listeners = list(listeners)
        self.on_down = on_down
        self.subscriptions = list(subscriptions)
        self.mqtt = mqtt.Client(client_id=client_id, clean_session=True)
        if account:
            self.mqtt.username_pw_set(*account)
        self.mqtt.on_connect = self._on_connect
        self.mqtt.on_disconnect = self._on_disconnect
        self.mqtt.on_subscribe = self._on_subscribe
        self.mqtt.on_message = self._on_message
        self.mqtt.on_socket_open = lambda c, u, s: s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.mqtt.reconnect_delay_set(1, 1)
        self.mqtt.connect(host, port, keepalive=30)
        self.mqtt.loop_start()
        self.wait_for(lambda: self.connected, "a subscription at the broker")

    def _on_connect(self, client, _user, _flags, code):
        if code == 0:
            client.subscribe([(topic, 1) for topic in self.subscriptions])

    def _on_subscribe(self, *_):
        with self.changed:
            self.connected = True
            self.changed.notify_all()

    def _on_disconnect(self, *_):
        if self.on_down:
            self.on_down()
        with self.changed:
            self.connected = False
            self.changed.notify_all()

    def _on_message(self, client, _user, message):
        sock = client.socket()
        if sock:  # lasts for one acknowledgement; else the broker's Nagle costs 40 ms
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        m = Message(message)
        with self.changed:
            self.messages.append(m)
            self.latest[m.topic] = m
            if len(self.messages) > 20000:
                del self.messages[:10000]
                self.dropped += 10000
            self.changed.notify_all()
        for listener in self.listeners:
            listener(m)

    def mark(self):
        """A place in the stream: what comes after it is new."""
        with self.changed:
            return self.dropped + len(self.messages)

    def wait_for(self, check, what, timeout=10.0):
        """Until check() is true; looked at whenever something came in."""
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                value = check()
                if value:
                    return value
                left = end - time.monotonic()
                if left <= 0:
                    raise Failure(f"{what}: not within {timeout:g} s")
                self.changed.wait(left)

    def wait(self, topic, predicate=lambda m: True, since=0, timeout=10.0, what=None):
        """The first message after mark `since` on `topic` (may hold wildcards) that fits. `since` None: the latest of
        this topic counts as well."""
        def find():
            if since is None:
                m = self.latest.get(topic)
                return m if m and predicate(m) else None
            for m in self.messages[max(0, since - self.dropped):]:
                if mqtt.topic_matches_sub(topic, m.topic) and predicate(m):
                    return m
            return None
        try:
            return self.wait_for(find, what or f"a message on {topic}", timeout)
        except Failure as failure:
            seen = [m for m in self.messages[max(0, (since or 0) - self.dropped):]
                    if mqtt.topic_matches_sub(topic, m.topic)]
            raise Failure(f"{failure}; seen there: {seen[-3:] or 'nothing'}") from None

    def publish(self, topic, payload, qos=1, retain=False):
        """Its time of sending, us."""
        us = now_us()
        self.mqtt.publish(topic, payload, qos, retain)
        return us

    def close(self):
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


class Sim:
    """The simulator. command() and state() ask it; wait_event() waits for what it tells by itself."""

    def __init__(self, directory, url=None, *options, program=None):
        self.directory = os.path.join(directory, "sim")
        os.makedirs(self.directory, exist_ok=True)
        argv = [program or os.path.join(build_dir(), "tests", "sim", "therapy-sim"), "--dir", self.directory,
                "--die-with-parent", *options]
        if url:
            argv += ["--mqtt", url]
        self.child = Child("therapy-sim", argv, directory)
        try:
            self.ready = wait_until(self._read_ready, "therapy-sim ready")
        except BaseException:
            self.child.stop()
            raise
        self.lock = threading.Lock()
        self.socket = self._connect()
        self.lines = self.socket.makefile("r")
        self.events = []
        self.changed = threading.Condition()
        self.listeners = []
        self.event_socket = self._connect()
        self.event_socket.sendall(b"subscribe\n")
        self.event_lines = self.event_socket.makefile("r")
        self.event_lines.readline()
        self.thread = threading.Thread(target=self._read_events, daemon=True)
        self.thread.start()

    def _read_ready(self):
        if not self.child.alive():
            raise Failure(f"therapy-sim ended with {self.child.process.returncode}: {self.child.tail()}")
        try:
            with open(os.path.join(self.directory, "ready")) as f:
                ready = json.load(f)
        except OSError:
            return None
        return ready if ready["pid"] == self.child.pid else None  # not that of one that was killed

    def _connect(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.settimeout(10)
        s.connect(self.ready["control"])
        return s

    def _read_events(self):
        self.event_socket.settimeout(None)
        try:
            for line in self.event_lines:
                event = json.loads(line)
                with self.changed:
                    self.events.append(event)
                    self.changed.notify_all()
                for listener in self.listeners:
                    listener(event)
        except (OSError, ValueError):
            pass

    def ask(self, command):
        with self.lock:
            self.socket.sendall(command.encode() + b"\n")
            line = self.lines.readline()
        if not line:
            raise Failure(f"therapy-sim closed its control socket at '{command}': {self.child.tail()}")
        return json.loads(line)

    def command(self, command):
        answer = self.ask(command)
        if not answer["ok"]:
            raise Failure(f"therapy-sim: {answer['error']}")
        return answer

    def state(self):
        return self.command("state")

    def mark(self):
        with self.changed:
            return len(self.events)

    def wait_event(self, event, predicate=lambda e: True, since=0, timeout=10.0, what=None):
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                for e in self.events[since:]:
                    if e["event"] == event and predicate(e):
                        return e
                left = end - time.monotonic()
                if left <= 0:
                    raise Failure(f"{what or 'the simulator to tell ' + event}: not within {timeout:g} s; "
                                  f"by {now_us()} us it told {self.events[since:][-20:] or 'nothing'}")
                self.changed.wait(left)

    def wait_state(self, predicate, what, timeout=10.0):
        """For truths that move without an event: force, temperature, tilt."""
        def look():
            state = self.state()
            return state if predicate(state) else None
        return wait_until(look, what, timeout, 0.02)

    def close(self):
        status = self.child.stop()  # ends the thread: its line is closed
        self.thread.join(5)
        for thing in (self.lines, self.socket, self.event_lines, self.event_socket):
            thing.close()
        return status


class Gateway:
    """The program itself. Its availability topic says when it is up."""

    def __init__(self, directory, config, env=None, program=None, name="therapy-gateway", prefix=()):
        program = program or os.path.join(build_dir(), "gateway", "therapy-gateway")
        self.started_us = now_us()
        self.child = Child(name, [*prefix, program, "run", "-c", config], directory, env)

    def stop(self):
        return self.child.stop()

    def kill(self):
        return self.child.kill()


class Home:
    """Broker, client, simulator and gateway together. Use as a context; what was started is ended in reverse, and a
    report of a sanitizer is a failure. Parts: home.broker, .client, .sim, .gateway, .directory."""

    def __init__(self, sim=(), config=None, config_text=None, gateway=True, gateway_id="demo", broker_options="",
                 url=None, proofs=False):
        """`sim`: options of therapy-sim, None: no simulator. `config`: a file, or `config_text`: its text. `url`: a broker
        that runs already, instead of a private one. `proofs`: leave the file as it is, so that each control needs its
        off-test (see prove) before it is permitted; else the user of this home has accepted to go without, which saves
        each test 6 s."""
        self.url = url
        self.sim_options = sim
        self.config = config or os.path.join(SOURCE, "etc", "demo.cfg")
        self.config_text = config_text
        self.with_gateway = gateway
        self.proofs = proofs
        self.base = f"therapy/{gateway_id}"
        self.broker_options = broker_options
        self.broker = self.client = self.sim = self.gateway = None
        self.sim_url = None  # where the simulated plug finds the broker, if not there itself
        self.environ = {}    # what the gateway is told otherwise
        self.account = None  # (name, password) of the client at the broker
        self.hostile = False  # a plugin here is to fail: what a sanitizer says of it is no failure of the test
        self.prefix = ()     # of the gateway's command line: "ip netns exec NAME"

    def __enter__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="therapy-e2e-")
        self.directory = self.temporary.name
        try:
            if self.url is None:
                self.broker = Broker(self.directory, self.broker_options)
                self.url = self.broker.url
            place = urllib.parse.urlsplit(self.url)
            self.client = Client(place.port or 1883, host=place.hostname, account=self.account)
            self.before_sim()
            if self.sim_options is not None:
                self.sim = Sim(self.directory, self.sim_url or self.url, *self.sim_options)
            if self.with_gateway:
                self.start_gateway()
        except BaseException:
            self.__exit__(*(None,) * 3)
            raise
        return self

    def before_sim(self):
        """For a home that puts something between the simulator and the broker."""

    def environment(self):
        env = {"MQTT_URL": self.url, "RUNTIME_DIRECTORY": self.directory, "STATE_DIRECTORY": os.path.join(self.directory, "memory")}
        if self.sim:
            env["THERAPY_SIM"] = self.sim.directory
            env["THERAPY_BELT_PORT"] = str(self.sim.ready["belt_port"])
        env.update(self.environ)
        return env

    def start_gateway(self, wait=True):
        if not self.proofs:
            if self.config_text is None:
                with open(self.config) as f:
                    self.config_text = f.read()
            if "accept_no_device_timer" not in self.config_text:
                self.config_text = re.sub(r"\blink *= *\"", r"accept_no_device_timer = true; \g<0>", self.config_text)
        if self.config_text is not None:
            self.config = os.path.join(self.directory, "gateway.cfg")
            with open(self.config, "w") as f:
                f.write(self.config_text)
            os.chmod(self.config, 0o600)
        mark = self.client.mark()
        self.gateway = Gateway(self.directory, self.config, self.environment(), prefix=self.prefix)
        if wait:
            self.wait_gateway(mark)
        return self.gateway

    def wait_gateway(self, mark, timeout=10.0):
        def up():
            if not self.gateway.child.alive():
                raise Failure(f"therapy-gateway ended with {self.gateway.child.process.returncode}:\n"
                              f"{self.gateway.child.tail()}")
            return any(m.topic == f"{self.base}/availability" and m.text == "online"
                       for m in self.client.messages[max(0, mark - self.client.dropped):])
        try:
            self.client.wait_for(up, "the gateway's availability 'online'", timeout)
        except Failure as failure:
            raise Failure(f"{failure}\n{self.gateway.child.tail()}") from None

    # ---- what a user does and sees ----

    def request(self, device, control, value, request_id=None, timeout=5.0):
        """Asks for a value as Home Assistant would and returns the JSON result."""
        request_id = request_id or f"e2e-{now_us()}"
        mark = self.client.mark()
        self.client.publish(f"{self.base}/{device}/set/{control}", json.dumps({"value": value, "id": request_id}))
        return self.client.wait(f"{self.base}/{device}/result", lambda m: m.json.get("id") == request_id, mark, timeout,
                                f"the result of {device}.{control} = {value}").json

    def order(self, topic, timeout=5.0, payload=None):
        """Publishes one of the requests without a value (stop, reset, <device>/off_test/<control>, <device>/park) and
        returns the JSON result."""
        request_id = f"e2e-{now_us()}"
        device = topic.split("/")[0] + "/" if "/" in topic else ""
        mark = self.client.mark()
        self.client.publish(f"{self.base}/{topic}", json.dumps({"id": request_id, **(payload or {})}))
        return self.client.wait(f"{self.base}/{device}result", lambda m: m.json.get("id") == request_id, mark, timeout,
                                f"the result of {topic}").json

    def reset(self):
        """Once more if it came so soon after another that it was taken for a button that is held."""
        result = self.order("reset")
        if result["outcome"] == "duplicate":
            time.sleep(2.1)  # a button must be let go for 2 s, and nothing tells when that is over
            result = self.order("reset")
        return result

    def off_test(self, device, control, timeout=15.0):
        """Asks for it and waits for what came of it: "timer proved" or "timer failed". None: it was refused."""
        mark = self.client.mark()
        result = self.order(f"{device}/off_test/{control}")
        if result["outcome"] != "accepted":
            return None
        event = self.wait_safety_event(("timer proved", "timer failed"), mark, lambda e: e.device_id == device
                                       and e.control == control, timeout)
        return self.schema().event_name(event)

    def prove(self, device, control, timeout=30.0):
        """Until the control's own timer is proved. A device that has just come is not ready for a moment."""
        end = time.monotonic() + timeout
        while True:
            outcome = self.off_test(device, control)
            if outcome == "timer proved":
                return
            if outcome or time.monotonic() > end:
                raise Failure(f"the timer of {device}.{control} was not proved: {outcome or 'the off-test is refused'}; "
                              f"{self.device_state(device).get(control + '_why')}")
            time.sleep(0.2)  # nothing tells that a request would no longer be refused

    def schema(self):
        """What decodes the gateway's protobuf: told with all the rest, within 100 ms of its connect."""
        return Schema(self.client.wait(f"{self.base}/schema", since=None).payload)

    def safety_events(self, since=0):
        """(name, event) of each SafetyEvent after client mark `since`, in order."""
        schema = self.schema()
        events = [schema.decode("SafetyEvent", m.payload) for m in self.client.messages[max(0, since - self.client.dropped):]
                  if m.topic == f"{self.base}/event"]
        return [(schema.event_name(event), event) for event in events]

    def wait_safety_event(self, names, since, predicate=lambda e: True, timeout=10.0):
        names = (names,) if isinstance(names, str) else names
        schema = self.schema()

        def fits(message):
            event = schema.decode("SafetyEvent", message.payload)
            return schema.event_name(event) in names and predicate(event)
        try:
            message = self.client.wait(f"{self.base}/event", fits, since, timeout)
        except Failure:
            seen = [(name, event.text) for name, event in self.safety_events(since)]
            raise Failure(f"an event '{' or '.join(names)}': not within {timeout:g} s; seen: {seen or 'nothing'}") from None
        return schema.decode("SafetyEvent", message.payload)

    def wait_at_rest(self, device, control, since):
        """Until the gateway has it proved, after client mark `since`: before that every request is "not ready"."""
        def rests(m):
            said = m.json["devices"][device][control]
            return said["phase"] == "at_rest" and not said["granted"]
        self.client.wait(f"{self.base}/safety", rests, since, 10, f"{device}.{control} at rest")

    def device_state(self, device):
        m = self.client.latest.get(f"{self.base}/{device}/state")
        return m.json if m else {}

    def wait_device(self, device, predicate, what, timeout=10.0):
        return self.client.wait(f"{self.base}/{device}/state", lambda m: predicate(m.json), None, timeout, what).json

    def device_reports(self):
        """What a sanitizer said of a device process: that can write no file, so it is in the gateway's log."""
        if not self.gateway or self.hostile:
            return []
        told = re.compile(r"ERROR: \w+Sanitizer|: runtime error: ")
        with open(self.gateway.child.log_path, errors="replace") as log:
            return [line for line in log if told.search(line)]

    def __exit__(self, kind, value, trace):
        if self.gateway:
            self.gateway.stop()
        if self.sim:
            self.sim.close()
        if self.client:
            self.client.close()
        if self.broker:
            self.broker.stop()
        reports = sanitizer_reports(self.directory) + self.device_reports()
        keep = os.environ.get("THERAPY_KEEP")
        if keep and (reports or kind):
            shutil.copytree(self.directory, keep, dirs_exist_ok=True, ignore=shutil.ignore_patterns("control", "table"))
        if kind and issubclass(kind, AssertionError) and self.gateway:
            print(f"---- therapy-gateway's log\n{self.gateway.child.tail(60)}")
        self.temporary.cleanup()
        if reports and not kind:
            raise Failure("a sanitizer reported:\n" + "\n".join(reports))
        return False


def sanitizer_reports(directory):
    reports = []
    for name in sorted(os.listdir(directory)):
        if name.startswith("sanitizer."):
            with open(os.path.join(directory, name), errors="replace") as f:
                reports.append(f"{name}:\n{f.read()[:6000]}")
    return reports


class Schema:
    """The gateway's own FileDescriptorSet, taken from the broker: decodes what it publishes with stock protobuf."""

    def __init__(self, descriptor_set):
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
        files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set)
        self.pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            self.pool.Add(file)
        self.factory = message_factory.MessageFactory(self.pool)

    def decode(self, name, payload):
        message = self.factory.GetPrototype(self.pool.FindMessageTypeByName(f"therapy.v1.{name}"))()
        message.ParseFromString(payload)
        return message

    @staticmethod
    def event_name(event):
        value = event.DESCRIPTOR.fields_by_name["type"].enum_type.values_by_number.get(event.type)
        return value.name.replace("SAFETY_EVENT_TYPE_", "").lower().replace("_", " ") if value else str(event.type)

    def batch(self, payload):
        return self.decode("ReadingBatch", payload)
