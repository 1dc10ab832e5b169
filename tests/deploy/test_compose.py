"""The Compose file: what it promises can be read in it; and, where a Docker engine runs, the stack itself."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

import pytest
import yaml

from citylab.document import nearest
from deploy.broker.mosquitto import QUEUED_BYTES
from deploy.cli import command_names
from deploy.settings import Settings
from tests.influx_server import free_port

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")
DAEMONS = {"broker", "influxdb", "gateway", "simulators", "services"}
ONCE = {"setup", "provision"}


def defaults(value: Any) -> Any:
    """A part of the file as Compose reads it when no variable is set."""
    if isinstance(value, str):
        return VARIABLE.sub(r"\2", value)
    if isinstance(value, dict):
        return {name: defaults(each) for name, each in value.items()}
    return [defaults(each) for each in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = defaults(yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    return found


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    assert set(found) == DAEMONS | ONCE
    return found


def test_images_have_a_version(services: Mapping[str, Any]) -> None:
    for name, service in services.items():
        image, _, tag = service["image"].partition(":")
        assert image, name
        assert re.match(r"\d", tag), f"{name}: {service['image']}"


def test_the_base_image_has_a_version_and_the_build_no_secret() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert bases
    assert all(re.search(r":\d", base) for base in bases)
    assert [line for line in lines if line.startswith("USER ")] == ["USER citylab"]
    assert not [line for line in lines if re.match(r"(ARG|ENV) .*(PASSWORD|TOKEN|SECRET)", line)]
    assert not [line for line in lines if line.startswith(("ADD ", "# syntax")) or "--mount" in line]


def test_the_image_takes_our_packages_and_nothing_else() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert ignored[0] == "*"
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {f"!{word}" for line in copied for word in line.split()} == {w for w in ignored if w.startswith("!")}


def test_ports_are_published_on_loopback_only(services: Mapping[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"broker": ["127.0.0.1:1883:1883"], "services": ["127.0.0.1:8080:8080"]}


def test_secrets_come_from_files(services: Mapping[str, Any]) -> None:
    for name, service in services.items():
        for variable in service.get("environment", {}):
            if re.search(r"PASSWORD|TOKEN|SECRET", variable):
                assert variable.endswith("_FILE"), f"{name}: {variable}"
        assert "env_file" not in service


def test_settings_of_the_containers_exist(services: Mapping[str, Any]) -> None:
    names = [f"CITYLAB_{field.upper()}" for field in Settings.model_fields]
    for service in services.values():
        for variable in service.get("environment", {}):
            if variable.startswith("CITYLAB_"):
                assert variable in names, nearest(variable, names)


def test_commands_of_the_containers_exist(services: Mapping[str, Any]) -> None:
    ours = {name: service["command"][0] for name, service in services.items() if "build" in service}
    assert set(ours) == set(services) - {"broker", "influxdb"}
    assert set(ours.values()) <= set(command_names())


def test_every_service_is_bounded_and_watched(services: Mapping[str, Any]) -> None:
    for name, service in services.items():
        assert service["mem_limit"], name
        assert service["logging"]["options"]["max-size"], name
        assert ("healthcheck" in service) == (name in DAEMONS), name
        assert service["restart"] == ("no" if name in ONCE else "unless-stopped"), name


def test_every_service_has_the_least_rights(services: Mapping[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert not service.get("privileged"), name
        assert not any(volume.startswith(("/", ".", "~")) for volume in service.get("volumes", [])), name
        root = service.get("user", "10001").startswith("0")
        assert root == (name in ONCE), f"{name}: only what hands files to others runs as root"
        assert ("cap_add" in service) == root, name


def test_what_waits_for_health_waits_for_one_that_has_it(services: Mapping[str, Any]) -> None:
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            kind = {"service_healthy": DAEMONS, "service_completed_successfully": ONCE, "service_started": DAEMONS}
            assert other in kind[how["condition"]], f"{name} waits for {other}"
    assert services["services"]["depends_on"]["simulators"]["condition"] == "service_healthy"


def test_the_database_keeps_as_long_as_the_gateway_takes(services: Mapping[str, Any]) -> None:
    days = services["gateway"]["environment"]["CITYLAB_RAW_DAYS"]
    assert services["influxdb"]["environment"]["DOCKER_INFLUXDB_INIT_RETENTION"] == f"{days}d"
    assert services["influxdb"]["environment"]["DOCKER_INFLUXDB_INIT_BUCKET"] == Settings().influx_bucket


def test_the_broker_has_room_for_its_queue(services: Mapping[str, Any]) -> None:
    assert services["broker"]["mem_limit"] == "1280m"
    assert QUEUED_BYTES * 1.2 < 1280 * 2**20


def engine() -> str:
    """Why the stack can't be started here; "" if it can."""
    if shutil.which("docker") is None:
        return "Docker is not installed"
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        if subprocess.run(command, capture_output=True, timeout=30, check=False).returncode:
            return f"`{' '.join(command)}` fails: no engine runs, or Compose v2 is missing"
    return ""


class Stack:
    """A stack of its own, with ports and volumes of its own."""

    def __init__(self) -> None:
        self.page, self.mqtt = free_port(), free_port()
        self.project = f"citylab-test-{uuid4().hex[:8]}"
        self.environment = {**os.environ, "CITYLAB_PORT": str(self.page), "CITYLAB_MQTT_PORT": str(self.mqtt)}

    def compose(self, *words: str, timeout: float = 120) -> str:
        done = subprocess.run(
            ["docker", "compose", "-p", self.project, *words],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"docker compose {' '.join(words)}: {done.stderr[-2000:]}"
        return done.stdout

    def get(self, path: str) -> Any:
        try:
            with urlopen(f"http://127.0.0.1:{self.page}{path}", timeout=60) as answer:
                return json.load(answer)
        except HTTPError as error:
            return json.load(error)

    def rows(self) -> int:
        """Number of readings, once everything is ready."""
        health: dict[str, Any] = {}
        for _ in range(60):
            health = self.get("/ready")
            if health["ready"]:
                return int(health["parts"]["store"]["rows"])
            time.sleep(0.5)
        pytest.fail(f"not ready: {health['reasons']}")

    def publish(self, topic: str, payload: str, user: str, password: str) -> int:
        """From inside the broker's container, so that the machine needs no MQTT client; the exit code."""
        words = ["mosquitto_pub", "-V", "mqttv5", "-q", "1", "-t", topic, "-m", payload]
        login = ["-u", user, "-P", password] if user else []
        command = ["docker", "compose", "-p", self.project, "exec", "-T", "broker", *words, *login]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, timeout=60, check=False)
        return 1 if b"Not authorized" in done.stderr else done.returncode

    def result(self, thing: str) -> float | None:
        """Newest result of a thing."""
        found = [r for r in self.get("/api/v1/latest").get("readings", []) if r["thing"]["name"] == thing]
        return found[0]["result"] if found else None

    def await_result(self, thing: str, wanted: float) -> None:
        for _ in range(120):
            try:
                if self.result(thing) == wanted:
                    return
            except OSError:
                pass
            time.sleep(0.5)
        pytest.fail(f"{thing} does not show {wanted}: {self.get('/ready')}")


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    if reason := engine():
        pytest.skip(reason)
    found = Stack()
    try:
        found.compose("up", "--detach", "--build", "--wait", timeout=900)
        yield found
    finally:
        found.compose("down", "--volumes")


@pytest.mark.slow
class TestStarted:
    def test_it_is_ready_and_filled(self, stack: Stack) -> None:
        health = stack.get("/ready")
        assert health["ready"], health["reasons"]
        assert set(health["parts"]) >= {"store", "gateway", "simulators"}
        assert health["parts"]["store"]["rows"] > 100_000
        assert stack.get("/api/v1/latest")["count"] > 100

    def test_who_has_no_password_is_refused(self, stack: Stack) -> None:
        assert stack.publish("tele/x/SENSOR", "{}", "", "") != 0
        assert stack.publish("tele/x/SENSOR", "{}", "device", "wrong") != 0

    def test_only_the_simulator_publishes_simulated_readings(self, stack: Stack) -> None:
        device, simulator = (stack.compose("exec", "-T", "services", "citylab", "password", user).strip()
                             for user in ("device", "simulator"))  # fmt: skip
        assert stack.publish("sim/x", "1", "device", device) != 0
        assert stack.publish("sim/x", "1", "simulator", simulator) == 0
        assert stack.publish("tele/x", "1", "simulator", simulator) != 0

    def test_a_payload_from_outside_comes_back(self, stack: Stack) -> None:
        password = stack.compose("exec", "-T", "services", "citylab", "password", "device").strip()
        assert stack.publish("tele/my-plug/SENSOR", '{"ENERGY":{"Power":42}}', "device", password) == 0
        stack.await_result("my-plug", 42.0)

    def test_what_comes_while_the_database_is_away_is_kept(self, stack: Stack) -> None:
        password = stack.compose("exec", "-T", "services", "citylab", "password", "device").strip()
        stack.compose("stop", "influxdb")
        assert stack.publish("tele/my-plug/SENSOR", '{"ENERGY":{"Power":43}}', "device", password) == 0
        time.sleep(2)
        stack.compose("kill", "--signal", "KILL", "gateway")
        stack.compose("start", "influxdb", "gateway")
        stack.await_result("my-plug", 43.0)

    def test_everything_is_there_after_down_and_up(self, stack: Stack) -> None:
        before = stack.rows()
        stack.compose("down")
        stack.compose("up", "--detach", "--wait", timeout=300)
        assert stack.rows() >= before
        assert stack.result("my-plug") == 43.0
