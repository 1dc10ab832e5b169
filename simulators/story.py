"""Scenario files read and judged against their city: every mistake with its line, before anything runs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from citylab.city import City, city_names, load_city
from citylab.document import DocumentError, Mistake, line_of, nearest, parse_document, read_text, read_yaml
from citylab.mistake import quoted
from citylab.thing import Thing
from simulators.judge import Judge
from simulators.place import misplaced
from simulators.scenario import Scenario

SHIPPED = Path(__file__).with_name("scenarios")


@dataclass(frozen=True, slots=True)
class Story:
    """A scenario that fits its city.

    Attributes
    ----------
    node : yaml.Node | None
        What it was read from, to name lines of it.
    """

    scenario: Scenario
    city: City
    file: str
    node: yaml.Node | None = field(default=None, repr=False, compare=False)

    def mistake(self, place: Sequence[str | int], text: str) -> Mistake:
        """A mistake in it, by its line where that is known."""
        return Mistake(self.file, line_of(self.node, place), ".".join(map(str, place)), text)

    def check_devices(self, things: Sequence[Thing]) -> None:
        """Refuse what names devices that are not among the things of the city.

        Raises
        ------
        DocumentError
            With every such mistake.
        """
        if found := [self.mistake(place, text) for place, text in misplaced(self.scenario, things)]:
            raise DocumentError(found)


def scenario_paths(overlay: Path | None = None) -> dict[str, Path]:
    """Files of all scenarios by name: the shipped ones, and those of a folder of the user's over them."""
    folders = [SHIPPED, *([overlay] if overlay else [])]
    found = {path.stem: path for folder in folders for path in folder.glob("*.yaml")}
    return dict(sorted(found.items()))


def find_scenario(name: str, overlay: Path | None = None) -> Path:
    """File of a scenario: by its name, or the path itself.

    Raises
    ------
    ValueError
        If there is no scenario of that name.
    """
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    known = scenario_paths(overlay)
    if name not in known:
        hint = f'did you mean the file "{name}.yaml"?' if Path(f"{name}.yaml").is_file() else nearest(name, known)
        if "/" in name or "\\" in name or Path(name).suffix:
            hint = "expected the name of one, or a file that ends in .yaml"
        raise ValueError(f"no scenario {quoted(name)}; {hint}")
    return known[name]


def load_story(
    path: Path,
    cities: Path | None = None,
    indicators: Collection[str] | None = None,
    alerts: Collection[str] | None = None,
) -> Story:
    """A scenario from a file, judged against its city.

    Parameters
    ----------
    cities : Path | None
        Folder of cities of the user's own.
    indicators : collection of str | None
        Codes that `expect` may name, where it is a mapping with the names of their points; None: any.
    alerts : collection of str | None
        Alert rules that `expect` may name; None: any.

    Raises
    ------
    DocumentError
        With every mistake.
    """
    return parse_story(read_text(path), str(path), cities, indicators, alerts)


def parse_story(
    text: str,
    file: str,
    cities: Path | None = None,
    indicators: Collection[str] | None = None,
    alerts: Collection[str] | None = None,
) -> Story:
    """A scenario from YAML text; see `load_story`."""
    for number, line in enumerate(text.splitlines(), 1):
        if line[: len(line) - len(line.lstrip())].count("\t"):
            what = "found a tab at the start of the line; expected spaces, YAML knows no other indentation"
            raise DocumentError([Mistake(file, number, "", what)])
    scenario = parse_document(Scenario, text, file)
    node = read_yaml(text, file)[1]
    return judged(scenario, _city(scenario.city, file, cities, node), file, node, indicators, alerts)


def _city(name: str, file: str, cities: Path | None, node: yaml.Node | None) -> City:
    """City of a scenario; a file of one stands beside the scenario's, or where the command was given."""
    beside = Path(file).parent / name
    try:
        if name.endswith((".yaml", ".yml")) and not beside.is_file() and not Path(name).is_file():
            raise FileNotFoundError
        return load_city(str(beside) if name.endswith((".yaml", ".yml")) and beside.is_file() else name, cities)
    except DocumentError:
        raise
    except FileNotFoundError:
        what = f"found {quoted(name)}; there is no such file here"
    except (ValueError, OSError):
        what = f"found {quoted(name)}; {nearest(name, city_names(cities))}"
    raise DocumentError([Mistake(file, line_of(node, ["city"]), "city", what)]) from None


def judged(
    scenario: Scenario,
    city: City,
    file: str = "scenario",
    node: yaml.Node | None = None,
    indicators: Collection[str] | None = None,
    alerts: Collection[str] | None = None,
) -> Story:
    """A scenario that fits its city.

    Raises
    ------
    DocumentError
        With every mistake, by its line where `node` tells.
    """
    story = Story(scenario, city, file, node)
    if found := list(Judge(scenario, city, indicators, alerts).mistakes()):
        raise DocumentError(story.mistake(place, text) for place, text in found)
    return story
