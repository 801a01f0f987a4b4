"""
A network switch in a process: `switch.py SEED TAP...` makes one TAP device per name and passes Ethernet frames between them. It prints
"ready", then obeys lines of JSON on its input, each answered with "ok": {"port": 0, "delayMs": [1, 40], "loss": 0.02, "isCut": false}
says what the cable of a port does to frames in both directions. It ends with its input. (The kernel's netem does the same where it is
built in; TAP devices need neither it nor checksum offloading to be switched off.)
"""
import fcntl
import heapq
import json
import os
import random
import selectors
import struct
import sys
import time

TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TAP_NO_PI = 0x0002 | 0x1000
FRAME_MAX = 65536
FRAMES_AT_ONCE = 64
IN_FLIGHT_MAX = 10_000


class Port:
    def __init__(self, name):
        self.fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP_NO_PI))
        self.delay_ms = (0, 0)
        self.loss = 0.0
        self.is_cut = False

    def obey(self, order):
        self.delay_ms = order.get("delayMs", (0, 0))
        self.loss = order.get("loss", 0.0)
        self.is_cut = order.get("isCut", False)


class Switch:
    def __init__(self, seed, names):
        self.random = random.Random(seed)
        self.ports = [Port(name) for name in names]
        self.port_of = {}  # by hardware address
        self.in_flight = []
        self.sent = 0

    def read(self, port):
        for _ in range(FRAMES_AT_ONCE):
            try:
                frame = os.read(port.fd, FRAME_MAX)
            except BlockingIOError:
                return
            self.port_of[frame[6:12]] = port
            target = self.port_of.get(frame[0:6])
            for other in [target] if target else self.ports:
                if other is not port:
                    self.send(port, other, frame)

    def send(self, source, target, frame):
        delay_ms = 0.0
        for cable in (source, target):
            if cable.is_cut or self.random.random() < cable.loss:
                return
            delay_ms += self.random.uniform(*cable.delay_ms)
        if len(self.in_flight) < IN_FLIGHT_MAX:
            self.sent += 1
            heapq.heappush(self.in_flight, (time.monotonic() + delay_ms / 1000, self.sent, target, frame))

    def deliver(self):
        """Gives what is due to its port; how long until the next is, in s."""
        while self.in_flight:
            wait = self.in_flight[0][0] - time.monotonic()
            if wait > 0:
                return wait
            _, _, target, frame = heapq.heappop(self.in_flight)
            try:
                os.write(target.fd, frame)
            except OSError:
                pass  # the host's side is down: a switch drops what nobody takes
        return None


def main():
    seed, *names = sys.argv[1:]
    switch = Switch(int(seed), names)
    selector = selectors.DefaultSelector()
    for port in switch.ports:
        selector.register(port.fd, selectors.EVENT_READ, port)
    selector.register(sys.stdin, selectors.EVENT_READ)
    os.set_blocking(sys.stdin.fileno(), False)
    print("ready", flush=True)
    orders = ""
    while True:
        for key, _ in selector.select(switch.deliver()):
            if key.data:
                switch.read(key.data)
                continue
            text = sys.stdin.read()
            if text == "":
                return
            orders += text
            while "\n" in orders:
                line, orders = orders.split("\n", 1)
                order = json.loads(line)
                switch.ports[order["port"]].obey(order)
                print("ok", flush=True)


main()
