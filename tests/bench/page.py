#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the page costs, and what it costs the rules: a real gateway with the simulator, viewers by Python's HTTP client, and
Chromium where it is installed. Prints, judges nothing.

    THERAPY_BUILD_DIR=build/release tests/bench/page.py [SECONDS]
"""
import pathlib
import socket
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from chromium import Chromium, program  # noqa: E402
from harness import now_us  # noqa: E402
from viewer import TOKEN, PageHome, Viewer  # noqa: E402

TIMES = 30
STOPS = 12


def cpu_s(pid):
    with open(f"/proc/{pid}/schedstat", encoding="utf-8") as f:
        return int(f.read().split()[0]) / 1e9


def told(what, ms):
    ms = sorted(ms)
    print(f"{what}: median {statistics.median(ms):.1f} ms, p90 {ms[int(len(ms) * 0.9)]:.1f}, most {ms[-1]:.1f} (n = {len(ms)})", flush=True)


def busy(home, seconds):
    """Processor time of the gateway process while every device says something new."""
    home.sim.command("table tilt 9 0.3")
    before, began = cpu_s(home.gateway.child.pid), time.monotonic()
    time.sleep(seconds)
    share = (cpu_s(home.gateway.child.pid) - before) / (time.monotonic() - began)
    home.sim.command("table tilt 0 now")
    return share


class Deaf:
    """Opens the stream and never reads it."""

    def __init__(self, port, cookie):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(f"GET /live HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())


def reactions(home, viewer):
    """From the simulator's crossing of the bound to the relay's fall."""
    ms = []
    for _ in range(TIMES):
        viewer.control("pad", "heat", lambda c: c["permitted"] and c["phase"] == "at_rest", 20)
        viewer.order("set", device="pad", control="heat", value=1)
        viewer.control("pad", "heat", lambda c: c["phase"] == "confirmed_on", 20)
        mark = home.sim.mark()
        at = now_us()
        home.sim.command("table tilt 40 now")
        off = home.sim.wait_event("relay", lambda e: not e["on"], mark)
        ms.append((off["us"] - at) / 1000)
        home.sim.command("table tilt 0 now")
    return ms


def stops(home, viewer):
    """From the press (before the connection is made) to the relay's fall, and to the belt's first stop frame's effect."""
    ms = []
    for _ in range(STOPS):
        viewer.control("pad", "heat", lambda c: c["permitted"] and c["phase"] == "at_rest", 20)
        viewer.order("set", device="pad", control="heat", value=1)
        viewer.control("pad", "heat", lambda c: c["phase"] == "confirmed_on", 20)
        mark, at = home.sim.mark(), now_us()
        viewer.post("/stop")
        ms.append((home.sim.wait_event("relay", lambda e: not e["on"], mark)["us"] - at) / 1000)
        viewer.wait("home", lambda h: h["latches"])
        viewer.control("pad", "heat", lambda c: c["phase"] == "at_rest", 20)
        end = time.monotonic() + 20
        while viewer.reset().status != 200 and time.monotonic() < end:
            time.sleep(0.2)
        viewer.wait("home", lambda h: not h["latches"])
        time.sleep(2.1)  # the next reset would be taken for a button that is held
    return ms


def shown(home, viewer):
    ms = []
    for i in range(100):
        tilt = 21 + i % 40
        home.sim.command(f"table tilt {tilt} now")

        def fits(d, tilt=tilt):
            m = next(m for m in d["metrics"] if m["metric"] == "tilt")
            return m["quality"] == "good" and abs(m["value"] - tilt) < 0.4
        said = viewer.wait("device table", fits)
        stamp = next(m["at_ms"] for m in said["metrics"] if m["metric"] == "tilt")
        ms.append(viewer.stamps["device table"] / 1000 - stamp)
    home.sim.command("table tilt 0 now")
    return ms


def browser(home):
    if not program():
        print("chromium is not installed: first paint and readings in the browser are not measured")
        return
    with Chromium() as page:
        paints = []
        for _ in range(10):
            page.open(f"http://127.0.0.1:{home.page_port}/")
            page.wait("performance.getEntriesByName('first-contentful-paint').length")
            paints.append(page.run("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        told("first paint, loopback", paints)
        page.wait("!document.getElementById('login').hidden")
        page.type(TOKEN)
        page.enter()
        page.wait("!!document.querySelector('[data-metric=tilt]')")
        page.run("""window.seen = []; new MutationObserver(() => { const d = devices.get('table');
            const m = d.metrics.find((x) => x.metric === 'tilt'); if (m.at_ms !== window.last) { window.last = m.at_ms;
            requestAnimationFrame(() => seen.push(performance.now() + performance.timeOrigin - m.at_ms)); } })
            .observe(document.querySelector('#device-table'), {subtree: true, childList: true, characterData: true})""")
        for i in range(60):
            home.sim.command(f"table tilt {21 + i % 40} now")
            time.sleep(0.15)
        offset = time.time() * 1000 - now_us() / 1000
        told("a reading to the browser's next frame, from its stamp at the device process", [s - offset for s in page.run("seen")])
        home.sim.command("table tilt 0 now")


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    with PageHome() as home:
        viewer = Viewer(home.page_port)
        viewer.log_in()
        viewer.watch()
        viewer.control("pad", "heat", lambda c: c["permitted"], 20)
        viewer.close()
        time.sleep(2)
        print(f"gateway process, page on, nobody looks: {busy(home, seconds) * 100:.2f} % of a core", flush=True)
        lookers = [Viewer(home.page_port) for _ in range(20)]
        for looker in lookers:
            looker.cookie = viewer.cookie
            looker.watch().wait("device table")
        print(f"gateway process, 20 viewers: {busy(home, seconds) * 100:.2f} % of a core", flush=True)
        for looker in lookers:
            looker.close()
        viewer = Viewer(home.page_port)
        viewer.log_in()
        viewer.watch()
        told("a reading at a viewer, from its stamp at the device process", shown(home, viewer))
        told("unsafe tilt told to the simulator to the relay's fall, one viewer", reactions(home, viewer))
        told("STOP from the press to the relay's fall", stops(home, viewer))
        deaf = [Deaf(home.page_port, viewer.cookie) for _ in range(20)]
        over = threading.Event()
        opened = []

        def flood():
            """A thousand connections that say nothing, again and again."""
            while not over.is_set():
                while opened and len(opened) >= 900:
                    opened.pop(0).close()
                try:
                    opened.append(socket.create_connection(("127.0.0.1", home.page_port), 2))
                except OSError:
                    time.sleep(0.01)
        thread = threading.Thread(target=flood, daemon=True)
        told("unsafe tilt to the relay's fall, 20 viewers that do not read", reactions(home, viewer))
        thread.start()
        told("... and a flood of connections that say nothing", reactions(home, viewer))
        over.set()
        thread.join()
        for s in opened:
            s.close()
        for d in deaf:
            d.socket.close()
        viewer.close()
        browser(home)


if __name__ == "__main__":
    main()
