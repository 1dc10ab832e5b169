"""A disk that is really full under store, state, spool, or all of them: no crash, no loss, a clear state."""

import json
import subprocess
import time

import pytest

from tests.gateway.test_chaos import check, line, make_message, quiet

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow]
SIZE = 12
"""Of the disk [MB]."""
SPOOL = "the spool cannot be written: No space left on device; make room on the disk"


@pytest.fixture
def disk(tmp_path):
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no program mount")
    if done.returncode:
        pytest.skip(f"a file system cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(disk):
    """Leave no byte."""
    with (disk / "filler").open("ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as error:
                assert error.errno == 28  # noqa: PT017 - each size ends so


def health(child, folder, wanted, patience=60.0):
    """The state of the running gateway once it is as wanted."""
    end = time.monotonic() + patience
    found = {}
    while time.monotonic() < end:
        assert child.process.poll() is None, "the gateway has ended"
        found = json.loads((folder / "health.json").read_text())
        if found.get("pid") == child.process.pid and wanted(found):
            return found
        time.sleep(0.1)
    raise TimeoutError(f"waited in vain: {found}")


@pytest.mark.parametrize(
    ("parts", "away", "killed", "expected"),
    [
        pytest.param(["spool"], True, False, SPOOL, id="spool"),
        pytest.param(["spool"], True, True, SPOOL, id="spool-killed"),
        pytest.param(["store"], False, False, "readings.duckdb: free some space on its disk", id="store"),
        pytest.param(["state"], False, False, "state.sqlite: free some space on its disk", id="state"),
        pytest.param(["state"], False, True, "state.sqlite: free some space on its disk", id="state-killed"),
        pytest.param(["store", "state", "spool"], False, False, "make room", id="all"),
        pytest.param(["store", "state", "spool"], False, True, "make room", id="all-killed"),
    ],
)  # fmt: skip
def test_a_full_disk_loses_nothing_and_is_named(tmp_path, disk, parts, away, killed, expected):
    (tmp_path / "place.json").write_text(json.dumps(dict.fromkeys(parts, str(disk))))
    with line(tmp_path) as (_, child, publisher):
        publisher.publish([make_message(n) for n in range(300)])
        quiet(child, tmp_path, 30)
        if away:
            (tmp_path / "away").touch()
        fill(disk)
        publisher.publish([make_message(n) for n in range(300, 3000)])
        found = health(child, tmp_path, lambda state: expected in state["detail"])
        assert found["ready"] == (parts == ["store"])
        if killed:
            child.kill()
            child.start()
            health(child, tmp_path, lambda state: expected in state["detail"])
        time.sleep(3.0)
        fill(disk)
        publisher.publish([make_message(n) for n in range(3000, 4000)])
        time.sleep(2.0)
        assert child.process.poll() is None
        (disk / "filler").unlink()
        (tmp_path / "away").unlink(missing_ok=True)
        quiet(child, tmp_path, 60)
        assert health(child, tmp_path, lambda state: state["detail"] == "")["ready"]
        child.finish()
        assert expected in (tmp_path / "log").read_text()
        check(publisher.sent, tmp_path)
