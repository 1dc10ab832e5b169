"""Health between processes of one data folder, and the passwords that are shown."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from citylab.observation import DatastreamKey
from citylab.thing import Datastream
from deploy.access import RULES, credentials
from deploy.cli import main
from deploy.health import STALE, keep_reporting, read_report, report_path, write_report
from deploy.history import missing_since
from stores.memory import MemoryStore
from tests.stores.conformance import DAY, T0, batch, row


async def test_a_report_lives_as_long_as_its_process(tmp_path: Path) -> None:
    assert "does not run" in read_report(tmp_path, "gateway")["detail"]
    task = asyncio.create_task(keep_reporting(tmp_path, "gateway", lambda: {"ready": True, "detail": ""}))
    await asyncio.sleep(0.1)
    assert read_report(tmp_path, "gateway") == {"ready": True, "detail": ""}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not read_report(tmp_path, "gateway")["ready"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"written": %s, "ready": true}', "has said nothing for"),
        ("", "does not run"),
        ("[1]", "does not run"),
        ('{"ready": true}', "does not run"),
    ],
)
def test_old_and_broken_reports_are_not_ready(tmp_path: Path, content: str, expected: str) -> None:
    path = report_path(tmp_path, "simulators")
    path.parent.mkdir()
    path.write_text(content.replace("%s", str(time.time() - STALE - 5)))
    report = read_report(tmp_path, "simulators")
    assert report["ready"] is False
    assert expected in report["detail"]


def test_the_check_of_a_container(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "deploy.health", "gateway", "--data", str(tmp_path)]
    path = report_path(tmp_path, "gateway")
    path.parent.mkdir()
    for ready in (True, False):
        write_report(path, {"ready": ready})
        done = subprocess.run(words, capture_output=True, timeout=30, check=False)
        assert done.returncode == int(not ready), done.stderr
    loaded = "import sys, deploy.health; print(*sorted({'pydantic', 'numpy', 'yaml', 'fastapi'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, timeout=30, check=True)
    assert found.stdout.strip() == "", "the check must stay light"


def test_services_that_do_not_answer_are_not_ready(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.influx_server import free_port

    assert main(["health", "services", "--data", str(tmp_path), "--port", str(free_port())]) == 1
    assert "do not answer" in capsys.readouterr().out


def test_passwords_are_shown_once_there_are_some(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["password", "device", "--data", str(tmp_path / "new")]) == 1
    assert "holds no passwords yet" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    words = credentials(tmp_path)
    assert main(["password", "device", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out == words["device"] + "\n"
    assert main(["password", "--data", str(tmp_path)]) == 0
    listed = capsys.readouterr().out
    assert all(user in listed for user in RULES)
    assert not any(word in listed for word in words.values())


def test_an_interrupted_history_goes_on_where_it_began() -> None:
    store = MemoryStore()
    store.register([Datastream(1, DatastreamKey("a", "air_temperature")), Datastream(2, DatastreamKey("b", "pm10"))])
    store.write(batch(row(1, 5 * DAY, 1.0)))  # the other series lacks these days
    ids, now = np.array([1, 2], dtype=np.int32), T0 + 6 * DAY
    assert missing_since(store, ids, now, 7) == T0 + 5 * DAY + 1
    assert missing_since(store, ids, now, 7, begun=T0 + DAY) == T0 + DAY
    assert missing_since(store, ids, now, 2, begun=T0 + DAY) == T0 + 4 * DAY
