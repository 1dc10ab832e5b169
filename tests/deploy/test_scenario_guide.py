"""The guide to scenarios: its examples run and hold."""

import re
from pathlib import Path

from deploy.run import run_scenario

GUIDE = (Path(__file__).parents[2] / "docs" / "scenario.md").read_text(encoding="utf-8")


def test_the_first_scenario_holds():
    text = re.search(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)[1]
    with run_scenario(text) as run:
        assert run.ok, run.verdicts
        assert len(run.verdicts) == 2


def test_the_script_runs():
    code = re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)[1]
    names = {}
    exec(compile(code, "scenario.md", "exec"), names)  # noqa: S102 - our own guide
    assert len(names["flows"]) == 3
    assert names["unit"] == "%"
