"""All cards, shipped and of the user, found by folder scan and by any spelling of their code."""

from functools import cache
from pathlib import Path

from citylab.document import DocumentError, Mistake, load_document, nearest
from services.indicators.card import Card
from services.indicators.code import normal_code

FOLDER = Path(__file__).parent
SHIPPED = (FOLDER / "cards", FOLDER / "operational")


@cache
def shipped_catalogue() -> "Catalogue":
    """The shipped cards, read once."""
    return Catalogue()


class Catalogue:
    """All cards, found by folder scan.

    Parameters
    ----------
    folders : sequence of Path
        Later folders overlay earlier ones, card by card.

    Raises
    ------
    DocumentError
        If a card has mistakes, two have a code or alias in common, or a file is not named after its code.
    """

    def __init__(self, folders: tuple[Path, ...] = SHIPPED) -> None:
        self.cards: dict[str, Card] = {}
        for folder in folders:
            for path in sorted(folder.glob("*.yaml")):
                card = load_document(Card, path)
                if path.stem != card.code:
                    raise DocumentError([Mistake(str(path), 1, "code", f'"{card.code}" is not the name of the file')])
                self.cards[card.code] = card
        self._aliases: dict[str, str] = {}
        for card in self.cards.values():
            for alias in map(normal_code, card.aliases):
                if alias in self.cards or alias in self._aliases:
                    raise DocumentError([Mistake(f"{card.code}.yaml", 1, "aliases", f'"{alias}" is taken')])
                self._aliases[alias] = card.code

    def find(self, text: str) -> Card:
        """A card by its code in any spelling, or by an alias.

        Raises
        ------
        KeyError
            If there is none; the message names the nearest.
        ValueError
            If the text is no code.
        """
        code = normal_code(text)
        card = self.cards.get(self._aliases.get(code, code))
        if card is None:
            raise KeyError(f'no indicator "{code}"; {nearest(code, self.cards)}')
        return card
