#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""BlueZ, as far as its D-Bus interface goes: an adapter, a device that is connected to, and advertisers. On the bus that
DBUS_SYSTEM_BUS_ADDRESS names; orders are lines of JSON on standard input, what happens is told the same way on standard
output. test_bluetooth.py starts it."""
import json
import os
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

PROPERTIES = "org.freedesktop.DBus.Properties"
MANAGER = "org.freedesktop.DBus.ObjectManager"
ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
SERVICE, CHARACTERISTIC = "org.bluez.GattService1", "org.bluez.GattCharacteristic1"
HCI = "/org/bluez/hci0"


def tell(event, **more):
    print(json.dumps(dict(event=event, **more)), flush=True)


class Failed(dbus.DBusException):
    def __init__(self, name, text):
        super().__init__(text, name=f"org.bluez.Error.{name}")


class Thing(dbus.service.Object):
    """An object with the properties of one interface."""

    def __init__(self, bluez, path, interface, **properties):
        self.bluez, self.path, self.interface, self.properties = bluez, path, interface, properties
        super().__init__(bluez.connection, path)
        bluez.things[path] = self

    def described(self):
        return {self.interface: dbus.Dictionary(self.properties, signature="sv")}

    def change(self, **properties):
        self.properties.update(properties)
        self.PropertiesChanged(self.interface, dbus.Dictionary(properties, signature="sv"), [])

    @dbus.service.signal(PROPERTIES, signature="sa{sv}as")
    def PropertiesChanged(self, interface, changed, invalidated):
        pass


class Root(dbus.service.Object):
    def __init__(self, bluez):
        self.bluez = bluez
        super().__init__(bluez.connection, "/")

    @dbus.service.method(MANAGER, out_signature="a{oa{sa{sv}}}")
    def GetManagedObjects(self):
        return dbus.Dictionary({dbus.ObjectPath(p): t.described() for p, t in self.bluez.things.items()},
                               signature="oa{sa{sv}}")

    @dbus.service.signal(MANAGER, signature="oa{sa{sv}}")
    def InterfacesAdded(self, path, interfaces):
        pass

    @dbus.service.signal(MANAGER, signature="oas")
    def InterfacesRemoved(self, path, interfaces):
        pass


class Adapter(Thing):
    filters, scanners = {}, set()

    @dbus.service.method(ADAPTER, in_signature="a{sv}", sender_keyword="sender")
    def SetDiscoveryFilter(self, said, sender=None):
        self.filters[sender] = {str(k): v for k, v in said.items()}

    @dbus.service.method(ADAPTER, sender_keyword="sender")
    def StartDiscovery(self, sender=None):
        if not self.properties["Powered"]:
            raise Failed("NotReady", "Resource Not Ready")
        if sender in self.scanners:
            raise Failed("InProgress", "Operation already in progress")
        self.scanners.add(sender)
        said = self.filters.get(sender, {})
        tell("scan", on=True, transport=str(said.get("Transport", "auto")), duplicates=bool(said.get("DuplicateData", False)))

    @dbus.service.method(ADAPTER, sender_keyword="sender")
    def StopDiscovery(self, sender=None):
        if sender not in self.scanners:
            raise Failed("Failed", "No discovery started")
        self.scanners.discard(sender)
        tell("scan", on=False)

    def power(self, on):
        if not on:
            self.scanners.clear()
            for thing in list(self.bluez.things.values()):
                if isinstance(thing, Device):
                    thing.drop()
        self.change(Powered=dbus.Boolean(on))


class Device(Thing):
    reachable = True
    characteristics = ()

    @dbus.service.method(DEVICE, async_callbacks=("good", "bad"))
    def Connect(self, good, bad):
        tell("connect", address=self.properties["Address"])
        if not self.reachable:
            GLib.timeout_add(50, lambda: bad(Failed("Failed", "le-connection-abort-by-local")))
            return
        self.change(Connected=dbus.Boolean(True))
        good()
        GLib.timeout_add(20, self.resolve)

    def resolve(self):
        service = Thing(self.bluez, f"{self.path}/service0010", SERVICE, UUID=self.service)
        self.bluez.root.InterfacesAdded(service.path, service.described())
        for i, (uuid, flags) in enumerate(self.characteristics):
            c = Characteristic(self.bluez, f"{service.path}/char{i:04x}", CHARACTERISTIC, UUID=uuid,
                               Flags=dbus.Array(flags, signature="s"), Notifying=dbus.Boolean(False))
            self.bluez.root.InterfacesAdded(c.path, c.described())
        self.change(ServicesResolved=dbus.Boolean(True))

    @dbus.service.method(DEVICE)
    def Disconnect(self):
        tell("disconnect", address=self.properties["Address"])
        self.drop()

    def drop(self):
        if not self.properties["Connected"]:
            return
        for path in [p for p in self.bluez.things if p.startswith(self.path + "/")]:
            self.bluez.things.pop(path).remove_from_connection()
        self.change(ServicesResolved=dbus.Boolean(False), Connected=dbus.Boolean(False))


class Characteristic(Thing):
    @dbus.service.method(CHARACTERISTIC)
    def StartNotify(self):
        if not {"notify", "indicate"} & set(self.properties["Flags"]):
            raise Failed("NotSupported", "Operation is not supported")
        self.change(Notifying=dbus.Boolean(True))
        tell("notify", uuid=self.properties["UUID"])

    @dbus.service.method(CHARACTERISTIC, in_signature="aya{sv}")
    def WriteValue(self, value, options):
        tell("write", uuid=self.properties["UUID"], data=bytes(value).hex(), type=str(options.get("type", "")))


class Bluez:
    def __init__(self, connection):
        self.connection, self.things = connection, {}
        self.root = Root(self)
        self.adapter = Adapter(self, HCI, ADAPTER, Address="00:11:22:33:44:55", Powered=dbus.Boolean(True))

    def device(self, address):
        path = f"{HCI}/dev_{address.replace(':', '_')}"
        known = self.things.get(path)
        return known or Device(self, path, DEVICE, Address=address, Connected=dbus.Boolean(False),
                               ServicesResolved=dbus.Boolean(False))

    def obey(self, order):
        getattr(self, "do_" + order.pop("do"))(**order)

    def do_gauge(self, address, service, characteristics):
        """A device that can be connected to; it appears while somebody scans, or is known from before."""
        device = self.device(address)
        device.service, device.characteristics = service, [(u, f) for u, f in characteristics]
        self.root.InterfacesAdded(device.path, device.described())

    def do_reach(self, address, on):
        device = self.device(address)
        device.reachable = on
        if not on:
            device.drop()

    def do_forget(self, address):
        device = self.device(address)
        device.drop()
        self.things.pop(device.path).remove_from_connection()
        self.root.InterfacesRemoved(device.path, [DEVICE])

    def do_power(self, on):
        self.adapter.power(on)

    def do_advert(self, address, uuid, data):
        """Heard only while somebody scans; the same as before only by who asked for duplicates."""
        if not self.adapter.scanners:
            tell("unheard")
            return
        new = f"{HCI}/dev_{address.replace(':', '_')}" not in self.things
        device = self.device(address)
        said = dbus.Dictionary({f"0000{uuid}-0000-1000-8000-00805f9b34fb":
                                dbus.Array(bytes.fromhex(data), signature="y", variant_level=1)}, signature="sv")
        duplicates = any(f.get("DuplicateData") for f in self.adapter.filters.values())
        same = device.properties.get("ServiceData") == said
        if new:
            device.properties["ServiceData"] = said
            self.root.InterfacesAdded(device.path, device.described())
        elif duplicates or not same:
            device.change(ServiceData=said)

    def do_notify(self, uuid, data, times=1, every_ms=0):
        found = [t for t in self.things.values() if isinstance(t, Characteristic) and t.properties["UUID"] == uuid]
        value = dbus.Array(bytes.fromhex(data), signature="y")
        left = [times]

        def one():
            for c in found:
                if c.properties["Notifying"]:
                    c.change(Value=value)
            left[0] -= 1
            if left[0] == 0 and times > 1:
                tell("notified", times=times)
            return left[0] > 0
        if one():
            GLib.timeout_add(every_ms, one)


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    connection = dbus.bus.BusConnection(os.environ["DBUS_SYSTEM_BUS_ADDRESS"])
    bluez = Bluez(connection)
    name = dbus.service.BusName("org.bluez", connection)
    loop = GLib.MainLoop()

    def on_line(stream, _condition):
        line = stream.readline()
        if not line:
            loop.quit()
            return False
        bluez.obey(json.loads(line))
        return True
    # unbuffered: a line that waits in a buffer would wake nobody
    GLib.io_add_watch(sys.stdin.buffer.raw, GLib.IO_IN | GLib.IO_HUP, on_line)
    tell("ready", name=name.get_name())
    loop.run()


if __name__ == "__main__":
    main()
