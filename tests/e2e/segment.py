# SPDX-License-Identifier: ISC
"""Hosts on network segments of their own, for tests of discovery: real sockets, nothing shared with
the machine, nothing left behind.

A test script calls enter() first: it runs again inside new network, mount and PID namespaces, as
their process 1, so that everything disappears when it ends. Where namespaces are not permitted the
tests are skipped. Every wait is for an event and has a limit."""

import atexit
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback

_INSIDE = "EARSHOT_SEGMENT_INSIDE"
_NAMESPACES = ["--net", "--mount", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc"]
HOST_NAME = "canary-machine-name"
# Of linux/if_packet.h and the format of capture files, what Python does not name.
_ETH_P_ALL, _SOL_PACKET, _PACKET_ADD_MEMBERSHIP, _PACKET_STATISTICS, _MR_PROMISC = 3, 263, 1, 6, 1
_FRAME_BYTES_MAX, _ETHERNET = 262144, 1


class Skip(Exception):
    """Why a case cannot be tried here."""


def run(*args, **options):
    return subprocess.run([str(a) for a in args], check=True, capture_output=True, text=True,
                          **options).stdout


def enter():
    """Returns inside the private world, or skips everything."""
    # Where Debian keeps sysctl, nft and avahi-daemon; it is not in the path of ordinary users.
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if os.environ.get(_INSIDE):
        run("hostname", HOST_NAME)
        run("ip", "link", "set", "lo", "up")
        return
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    for tool in ("unshare", "nsenter", "ip"):
        if subprocess.run(["sh", "-c", f"command -v {tool}"], check=False,
                          capture_output=True).returncode:
            _skip_all(f"{tool} is not installed")
    probe = subprocess.run(
        ["unshare", *user, *_NAMESPACES, "ip", "link", "add", "br0", "type", "bridge"],
        check=False, capture_output=True)
    if probe.returncode:
        _skip_all("network namespaces are not permitted here")
    os.environ[_INSIDE] = "1"
    os.execvp("unshare", ["unshare", *user, *_NAMESPACES, sys.executable, *sys.argv])


def _skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def run_cases(cases):
    """Runs functions without arguments, prints TAP, ends the process."""
    failed = 0
    print(f"1..{len(cases)}", flush=True)
    for number, case in enumerate(cases, 1):
        name = case.__name__.replace("_", " ")
        started = time.monotonic()
        try:
            case()
            print(f"ok {number} - {name} ({time.monotonic() - started:.1f} s)", flush=True)
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            for line in traceback.format_exc().splitlines():
                print(f"# {line}", flush=True)
        finally:
            Host.forget_all()
    sys.exit(1 if failed else 0)


def need(*tools):
    for tool in tools:
        if subprocess.run(["sh", "-c", f"command -v {tool}"], check=False,
                          capture_output=True).returncode:
            raise Skip(f"{tool} is not installed")


class Segment:
    """A bridge: what is on it hears each other's multicast."""

    _count = 0

    def __init__(self):
        Segment._count += 1
        self.number = Segment._count
        self.bridge = f"br{self.number}"
        run("ip", "link", "add", self.bridge, "type", "bridge", "stp_state", "0", "forward_delay",
            "0", "mcast_snooping", "0")
        run("ip", "link", "set", self.bridge, "up")


# An ordinary user's namespace has one user, so avahi-daemon's is root there.
_SET_UP = """mount -t tmpfs none /run
mkdir /run/dbus /run/avahi-daemon
sed 's/^avahi:x:[0-9]*:[0-9]*:/avahi:x:0:0:/' /etc/passwd > /run/passwd
sed 's/^avahi:x:[0-9]*:/avahi:x:0:/' /etc/group > /run/group
mount --bind /run/passwd /etc/passwd
mount --bind /run/group /etc/group
echo ready
exec sleep infinity"""


class Host:
    """Network and mount namespaces that a sleeping process holds open."""

    _all = []

    def __init__(self, *segments):
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-ec", _SET_UP],
            stdout=subprocess.PIPE, text=True)
        if self.holder.stdout.readline().strip() != "ready":
            raise RuntimeError("no namespaces for a host")
        self.processes = []
        self.bus = None
        self.interfaces = {}
        Host._all.append(self)
        self.run("ip", "link", "set", "lo", "up")
        self.run("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")
        for segment in segments:
            self.plug(segment)

    @staticmethod
    def forget_all():
        while Host._all:
            Host._all.pop().stop()

    def command(self, *args):
        return ["nsenter", "-t", str(self.holder.pid), "-n", "-m", *[str(a) for a in args]]

    def run(self, *args):
        return run(*self.command(*args))

    def spawn(self, *args, **options):
        process = subprocess.Popen(self.command(*args), **options)
        self.processes.append(process)
        return process

    def plug(self, segment, address=None):
        """A new interface on the segment; returns its name."""
        name = f"eth{len(self.interfaces)}"
        outer = f"v{self.holder.pid}n{len(self.interfaces)}"
        self.interfaces[name] = outer
        run("ip", "link", "add", outer, "type", "veth", "peer", "name", name, "netns",
            self.holder.pid)
        run("ip", "link", "set", outer, "master", segment.bridge, "up")
        if address is None:
            address = f"10.77.{segment.number}.{1 + len(Host._all)}/24"
        if address:
            self.run("ip", "addr", "add", address, "dev", name)
        self.run("ip", "link", "set", name, "up")
        return name

    def unplug(self, name):
        run("ip", "link", "del", self.interfaces[name])

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()
        self.holder.kill()
        self.holder.wait()

    def start_avahi_daemon(self, exclusive=False):
        """D-Bus and avahi-daemon of its own; the machine's configuration is not read."""
        need("dbus-daemon", "avahi-daemon")
        avahi = _AVAHI_CONFIG.format(host_name=f"daemon-{self.holder.pid}",
                                     exclusive="yes" if exclusive else "no")
        for name, text in (("bus", _BUS_CONFIG), ("avahi", avahi)):
            run(*self.command("tee", f"/run/dbus/{name}.conf"), input=text)
        run(*self.command("rm", "-f", "/run/dbus/system_bus_socket"))
        self.bus = self.spawn("dbus-daemon", "--config-file=/run/dbus/bus.conf", "--nofork",
                              "--nopidfile", "--print-address", stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
        self.bus.stdout.readline()
        return self.restart_avahi_daemon()

    def restart_avahi_daemon(self):
        daemon = self.spawn("avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits", "-f",
                            "/run/dbus/avahi.conf", stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)
        said = []
        for line in daemon.stderr:
            said.append(line)
            if "Server startup complete" in line:
                break
        else:
            raise RuntimeError(f"avahi-daemon does not start: {said}")
        threading.Thread(target=daemon.stderr.read, daemon=True).start()
        return daemon


_BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path=/run/dbus/system_bus_socket</listen>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_type="signal"/><allow send_requested_reply="true"/>
<allow receive_requested_reply="true"/></policy></busconfig>"""

_AVAHI_CONFIG = """[server]
host-name={host_name}
disallow-other-stacks={exclusive}
use-ipv4=yes
use-ipv6=yes
ratelimit-interval-usec=0
[wide-area]
enable-wide-area=yes
[publish]
publish-hinfo=no
publish-workstation=no"""


class Probe:
    """A discovery_probe on a host: lines in, events out."""

    def __init__(self, host, method="embedded", interfaces="", wrapper=()):
        self.process = host.spawn(*wrapper, os.environ["DISCOVERY_PROBE"], method, interfaces,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                  bufsize=1)
        self.events = []
        self.changed = threading.Condition()
        self.ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            event["at"] = time.monotonic()
            with self.changed:
                self.events.append(event)
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def publish(self, seed, port=4000, name=None):
        """Returns the event that says under which names."""
        before = len(self.events)
        self.tell(f"publish {seed} {port}" + (f" {name}" if name else ""))
        return self.wait("publish", since=before)

    def matching(self, kind, since=0, **fields):
        return [e for e in self.events[since:] if e["event"] == kind and
                all(e.get(k) == v for k, v in fields.items())]

    def wait(self, kind, since=0, limit=15.0, **fields):
        """The first such event from the since-th on."""
        deadline = time.monotonic() + limit
        with self.changed:
            while not self.matching(kind, since, **fields):
                left = deadline - time.monotonic()
                if left <= 0 or self.ended:
                    raise AssertionError(
                        f"no {kind} {fields} within {limit} s; the last events: "
                        f"{self.events[-8:]}; ended: {self.ended}")
                self.changed.wait(left)
            return self.matching(kind, since, **fields)[0]

    def wait_for(self, condition, limit=5.0):
        """Until the events so far fulfil a condition."""
        deadline = time.monotonic() + limit
        with self.changed:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0 or self.ended:
                    raise AssertionError(f"not within {limit} s; the last events: "
                                         f"{self.events[-8:]}; ended: {self.ended}")
                self.changed.wait(left)

    def never(self, kind, during, since=0, **fields):
        """Nothing of the kind so far and within the next seconds."""
        deadline = time.monotonic() + during
        with self.changed:
            while (left := deadline - time.monotonic()) > 0 and not self.ended:
                self.changed.wait(left)
        assert not self.ended, "the probe has ended"
        assert not self.matching(kind, since, **fields), self.matching(kind, since, **fields)

    def quit(self):
        self.tell("quit")
        assert self.process.wait(10) == 0

    def kill(self):
        self.process.kill()
        self.process.wait()


def key(seed):
    """The first bytes of the link key of a seed, as events show them."""
    return seed.to_bytes(4, "little").hex()


class Capture:
    """Everything that crosses a segment, as a capture file in memory. Not by tcpdump: it gives up
    rights in a way that the namespaces of ordinary users refuse."""

    def __init__(self, segment):
        self.chunks = [struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, _FRAME_BYTES_MAX, _ETHERNET)]
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        self.socket.bind((segment.bridge, 0))
        promiscuous = struct.pack("=iHH8x", socket.if_nametoindex(segment.bridge), _MR_PROMISC, 0)
        self.socket.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, promiscuous)
        self.ending = threading.Event()
        self.socket.settimeout(0.1)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        """When it is told to end, what has arrived is still read."""
        while True:
            if self.ending.is_set():
                self.socket.setblocking(False)
            try:
                frame = self.socket.recv(_FRAME_BYTES_MAX)
            except TimeoutError:
                continue
            except BlockingIOError:
                return
            now_us = time.time_ns() // 1000
            self.chunks.append(struct.pack("=IIII", *divmod(now_us, 1000000), len(frame),
                                           len(frame)) + frame)

    def bytes(self):
        self.ending.set()
        self.reader.join()
        lost = struct.unpack("=II", self.socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))[1]
        self.socket.close()
        assert lost == 0, f"{lost} frames were not captured"
        return b"".join(self.chunks)


atexit.register(Host.forget_all)
