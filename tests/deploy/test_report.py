"""The command of reports: files, progress, the line at the end, and mistakes that are named."""

import argparse
import io
import sys
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient

from deploy.command import report
from deploy.error import UsageError
from services.app import create_app
from tests.deploy.test_indicators import Client
from tests.services.conftest import make_context


@pytest.fixture(scope="module")
def instance():
    context = make_context()
    with TestClient(create_app(context), base_url="http://localhost:8000") as client:
        yield Client(client)
    context.state.close()


@pytest.fixture
def command(instance, monkeypatch, capsys, tmp_path):
    """Runs the command against a small city; its status and what it prints."""

    @contextmanager
    def api(_settings):
        yield instance

    monkeypatch.setattr(report, "api", api)
    parser = argparse.ArgumentParser()
    report.arguments(parser)

    def run(*words):
        status = report.run(parser.parse_args(["--data", str(tmp_path / "data"), "--out", str(tmp_path), *words]))
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_files_are_named_as_they_are_made_and_counted_at_the_end(command, tmp_path):
    status, out, err = command("--kind", "factsheet", "--format", "csv,json", "--language", "fr-CA", "--period", "2025")
    assert status == 0
    assert err == ""
    lines = out.splitlines()
    assert lines[0].startswith(f"1 of 2  {tmp_path / 'factsheet-2025-fr.csv'}")
    assert lines[1].startswith(f"2 of 2  {tmp_path / 'factsheet-2025-fr.json'}")
    assert lines[2].startswith(f"2 files made in {tmp_path.resolve()}, ")
    assert (tmp_path / "factsheet-2025-fr.csv").read_text(encoding="utf-8-sig").startswith("record,code")


def test_a_terminal_shows_what_is_being_made(command, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    command("--kind", "factsheet", "--format", "json")
    shown = terminal.getvalue()
    assert "\r1 of 1: factsheet json ..." in shown
    assert shown.endswith("\r")


@pytest.mark.parametrize(
    "words, said",
    [
        (("--language", "xx"), '--language: found language "xx"; expected one of: ar, en, es, fr, pt, ru, zh'),
        (("--kind", "fact"), '--kind: found "fact"'),
        (("--format", "docx"), '--format: found "docx"'),
        (("--format", ","), "--format: found nothing; expected some of: html, pdf, csv, json"),
        (("--period", "soon", "--format", "csv"), 'found period "soon"'),
        (("--area", "moon", "--format", "csv"), "expected one of: north, south"),
    ],
)
def test_mistakes_are_named(command, words, said):
    with pytest.raises(UsageError, match=said):
        command(*words)


def test_a_folder_that_cannot_be_made_is_named(command, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="cannot be made"):
        command("--out", str(tmp_path / "file" / "in"))


def test_a_pdf_that_cannot_be_made_keeps_no_other_file_back(command, monkeypatch):
    from services.reports.pdf import paper

    monkeypatch.setattr(paper, "CJK_PACKAGE", "no_such_package")
    status, out, _ = command("--kind", "factsheet", "--format", "pdf,csv", "--language", "zh")
    assert status == 1
    assert "factsheet.pdf is not made: a PDF in Chinese needs the optional extra" in out
    assert "1 file made in" in out
    assert out.endswith("; 1 not made.\n")
    with pytest.raises(UsageError, match=r"citylab.cjk."):
        command("--format", "pdf", "--language", "zh")
