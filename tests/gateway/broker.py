"""A Mosquitto of a test's own, and a publisher that counts what it sends."""

import os
import shutil
import socket
import subprocess
import time

import orjson

from gateway import packet

HOST = "127.0.0.1"


class Mosquitto:
    def __init__(self, directory, *, inflight=200, extra="") -> None:
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
        self._program = shutil.which("mosquitto", path=path)
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.port = free.getsockname()[1]
        self._config = directory / "mosquitto.conf"
        data = directory / "broker"
        data.mkdir(exist_ok=True)
        self._config.write_text(
            f"listener {self.port} {HOST}\nallow_anonymous true\npersistence true\npersistence_location {data}/\n"
            f"user root\nautosave_interval 1800\nqueue_qos0_messages true\nmax_queued_messages 0\nmax_queued_bytes 0\n"
            f"max_inflight_messages {inflight}\nsys_interval 1\nlog_type error\n{extra}"
        )
        self.process = None

    @property
    def url(self):
        return f"mqtt://{HOST}:{self.port}"

    def add(self, text):
        """More configuration, before the next start."""
        config = self._config.read_text()
        first, _, rest = text.partition("\n")
        self._config.write_text(f"{first}\n{config}{rest}")

    def start(self):
        self.process = subprocess.Popen([self._program, "-c", str(self._config)], stderr=subprocess.DEVNULL)
        for _ in range(250):
            try:
                socket.create_connection((HOST, self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise TimeoutError("Mosquitto does not answer")

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


class Publisher:
    """QoS 1 in windows; after a lost connection it sends again what was not acknowledged, and counts it."""

    def __init__(self, port, client_id="publisher") -> None:
        self._port, self._client_id = port, client_id
        self.sent = {}
        self._socket = None

    def publish(self, messages, window=100, patience=60.0):
        """Send (key, topic, payload) triples and wait until the broker has them all."""
        for start in range(0, len(messages), window):
            waiting = {n + 1: message for n, message in enumerate(messages[start : start + window])}
            end = time.monotonic() + patience
            while waiting:
                try:
                    self._round(waiting)
                except OSError:
                    self.close()
                    if time.monotonic() > end:
                        raise
                    time.sleep(0.05)

    def _round(self, waiting):
        if self._socket is None:
            self._socket = socket.create_connection((HOST, self._port), 5)
            self._socket.sendall(packet.connect(self._client_id, "", "", 600, clean=True))
            if self._receive(4)[3] != 0:
                raise ConnectionError("refused")
        frames = []
        for packet_id, (key, topic, payload) in waiting.items():
            name = topic.encode()
            frames.append(packet.frame(0x32, len(name).to_bytes(2) + name + packet_id.to_bytes(2) + payload))
            self.sent[key] = self.sent.get(key, 0) + 1
        self._socket.sendall(b"".join(frames))
        while waiting:
            answer = self._receive(4)
            assert answer[0] == packet.PUBACK
            waiting.pop(int.from_bytes(answer[2:]), None)

    def _receive(self, size):
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                raise ConnectionError("closed")
            data += more
        return data

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def dated(number, devices=20):
    """A message with a time of its own; its number is the reading."""
    payload = orjson.dumps({"time": 1_790_000_000_000 + number * 1000, "air_temperature": number / 1000})
    return number, f"bench/station/dated-{number % devices}", payload


def clockless(number, devices=20):
    """A message without a time of its own; its number is the reading."""
    payload = orjson.dumps({"air_temperature": number / 1000})
    return number, f"bench/station/timeless-{number % devices}", payload
