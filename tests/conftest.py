"""Options and requirements of the whole test run."""

import os
import shutil

import pytest

PROGRAMS = {
    "mosquitto": ("mosquitto", "mosquitto_pub"),
    "influxdb": ("influxd",),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
}
ALTERNATIVES = {"chromium"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the slow tests too")


def missing(marker: str) -> str:
    """Programs of a marker that this machine lacks; "" if none."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    absent = [name for name in PROGRAMS[marker] if shutil.which(name, path=path) is None]
    if marker in ALTERNATIVES:
        absent = absent if len(absent) == len(PROGRAMS[marker]) else []
    return ", ".join(absent)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    required = {word for word in os.environ.get("CITYLAB_REQUIRE", "").split(",") if word}
    unknown = required - set(PROGRAMS)
    if unknown:
        raise pytest.UsageError(f"CITYLAB_REQUIRE names {sorted(unknown)}; expected some of {sorted(PROGRAMS)}")
    for item in items:
        if item.get_closest_marker("slow") and not config.getoption("--slow"):
            item.add_marker(pytest.mark.skip(reason="slow; run with --slow"))
        for marker in PROGRAMS:
            if item.get_closest_marker(marker) and (absent := missing(marker)):
                if marker in required:
                    raise pytest.UsageError(f"CITYLAB_REQUIRE={marker}, but this machine has no {absent}")
                item.add_marker(pytest.mark.skip(reason=f"needs {absent}, which is not installed"))


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says to the tests is no setting of the citylab that they start."""
    for name in [name for name in os.environ if name.startswith("CITYLAB_") and name != "CITYLAB_REQUIRE"]:
        monkeypatch.delenv(name)
