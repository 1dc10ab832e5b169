"""The command line: settings, help, errors in one sentence."""

import os
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest

from deploy.cli import command_names, load, main
from deploy.option import HELP
from deploy.process import FolderLock
from deploy.settings import SettingError, Settings, read_settings


def test_every_setting_has_help() -> None:
    assert {name.replace("-", "_") for name in HELP} == set(Settings.model_fields)


def test_no_option_is_taken_for_a_setting_by_its_name() -> None:
    """An option of a command's own that goes by the name of a setting would set it."""
    for name in command_names():
        options = ArgumentParser()
        load(name).arguments(options)
        for option in options._actions:
            if option.dest in Settings.model_fields:
                assert (option.help or "").startswith(HELP[option.dest.replace("_", "-")]), (name, option.dest)


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for name in command_names():
        with pytest.raises(SystemExit) as end:
            main([name.replace("_", "-"), "--help"])
        assert end.value.code == 0
        assert len(capsys.readouterr().out) > 150, name


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["brokr"], 'unknown command "brokr"; did you mean "broker"?'),
        (["profile", "try", "a/b", "--zone", "UTC", "{}"], "put names, files and payloads before the options"),
        (["broker", "--broker", "mosquito"], 'unknown --broker "mosquito"; did you mean "mosquitto"?'),
    ],
)
def test_misspelt_words_are_named(words: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"CITYLAB_DTA": "x"}, 'unknown environment variable CITYLAB_DTA; did you mean "CITYLAB_DATA"'),
        ({"CITYLAB_PORT": "70000"}, r"--port \(CITYLAB_PORT\): found '70000'; input should be less than"),
        ({"CITYLAB_BROKER": "hive"}, r"--broker \(CITYLAB_BROKER\): found 'hive'; input should be 'auto'"),
        ({"CITYLAB_PROFILES": "no/such"}, "profiles: .* is not a folder"),
    ],
)
def test_bad_settings_are_named(environment: dict[str, str], expected: str) -> None:
    with pytest.raises(SettingError, match=expected):
        read_settings(environment)


def test_the_command_line_wins_over_the_environment() -> None:
    assert read_settings({"CITYLAB_PORT": "81", "PATH": "x"}, port=82, city=None).port == 82


def test_one_process_a_data_folder(tmp_path: Path) -> None:
    held = "import sys; from pathlib import Path; from deploy.process import FolderLock\n"
    held += "with FolderLock(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", held, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"held"
        with pytest.raises(SettingError, match=f"process {other.pid}.*--data"), FolderLock(tmp_path):
            pass
        other.kill()
    with FolderLock(tmp_path):
        pass


@pytest.mark.parametrize("command", ["gateway", "up", "simulate"])
def test_two_of_a_kind_on_one_data_folder_are_refused(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    part = "simulators" if command == "simulate" else "gateway"
    options = ["--no-browser"] if command == "up" else []
    with FolderLock(tmp_path, part):
        assert main([command, "--data", str(tmp_path), *options]) == 1
    expected = f"another citylab (process {os.getpid()}) runs the {part} of the data folder {tmp_path}; stop it, or"
    assert expected in capsys.readouterr().err
