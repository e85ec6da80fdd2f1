# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy on loopback that can take one dead-man layer away, or cut a line as a radio does.

  strip_will   a broker that never heard of the last will of these clients: it is cut out of their CONNECT
  refuse()     no new connection; those that are there go on. What was killed and started again reaches nothing
  close()      all connections end, and what was held is lost
  hold()       nothing passes any more in either direction, and nothing is closed: as when the air is gone

Knows just enough of MQTT 5 to find a will. Threads of its own; close() ends them.
"""
import socket
import threading

from harness import free_port


class Proxy:
    def __init__(self, port, strip_will=(), listen=None):
        self.target = port
        self.strip_will = tuple(strip_will)
        self.stripped = []  # client ids whose will was cut out
        self.going = threading.Event()
        self.going.set()
        self.closed = False
        self.sockets = []
        self.port = listen or free_port()  # also while it refuses, nobody else comes to be there
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target), 5)
            except OSError:
                near.close()
                continue
            for s in (near, far):
                s.settimeout(None)
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets += [near, far]
            threading.Thread(target=self._pump, args=(near, far, bool(self.strip_will)), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, False), daemon=True).start()

    def _pump(self, source, sink, first):
        begun = b""
        try:
            while True:
                data = source.recv(65536)
                self.going.wait()
                if not data or self.closed:
                    break
                if first:
                    begun += data
                    data = self._without_will(begun)
                    if data is None:
                        continue
                    first = False
                sink.sendall(data)
        except OSError:
            pass
        self.going.wait()
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _without_will(self, data):
        """The CONNECT and what follows it; None until it is whole."""
        size, at = _varint(data, 1)
        if size is None or len(data) < at + size:
            return None
        packet, rest = data[at:at + size], data[at + size:]
        name = 2 + int.from_bytes(packet[:2], "big")
        flags = packet[name + 1]
        properties, here = _varint(packet, name + 4)
        here += properties
        client_end = here + 2 + int.from_bytes(packet[here:here + 2], "big")
        client = packet[here + 2:client_end].decode()
        if data[0] != 0x10 or packet[name] != 5 or not flags & 0x04 or not client.endswith(self.strip_will):
            return data
        will, end = _varint(packet, client_end)
        end += will
        for _ in ("topic", "payload"):
            end += 2 + int.from_bytes(packet[end:end + 2], "big")
        packet = bytearray(packet[:client_end] + packet[end:])
        packet[name + 1] = flags & ~0x3C
        self.stripped.append(client)
        return b"\x10" + _as_varint(len(packet)) + bytes(packet) + rest

    def refuse(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def hold(self):
        self.going.clear()

    def close(self):
        self.closed = True
        self.refuse()
        for s in self.sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()
        self.going.set()


def _varint(data, at):
    value, shift = 0, 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7
    return None, at


def _as_varint(value):
    out = bytearray()
    while True:
        value, byte = divmod(value, 128)
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)
