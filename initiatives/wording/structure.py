"""What a target line means, as a structure that a person still has to confirm."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from wardplan.fiscal_year import FiscalYear

Baselines = tuple[tuple[FiscalYear, Decimal | None], ...]


class UnreadableWording(ValueError):
    """A line that must be refused as a whole: damaged text, or a year that does not exist.

    The sentence is for the user; `source` is the line as it came.
    """

    def __init__(self, sentence: str, source: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.source = source


class Doubt(NamedTuple):
    """A field that a person must confirm, and why."""

    field: str
    sentence: str


@dataclass(frozen=True)
class TargetReading:
    """A proposal: what a target line seems to say. Empty where the line does not say it.

    `heading`, `wording` and `quote` are the line's own characters and lose nothing of it. `heading` is empty
    when it equals `subject`, as on Target. `kind`, `comparator` and `change_unit` are the words that Target
    stores; `comparator` is what is written, `comparator_proposed` what is meant where nothing is written.
    A value of 割 is given in %. `fiscal_year_inferred` says that the line names no year, or one without era.
    """

    subject: str
    wording: str
    kind: str
    heading: str = ""
    quote: str = ""
    comparator: str = ""
    comparator_proposed: str = ""
    value: Decimal | None = None
    value_max: Decimal | None = None
    unit: str = ""
    fiscal_year: FiscalYear | None = None
    fiscal_year_inferred: bool = False
    from_fiscal_year: FiscalYear | None = None
    base_fiscal_year: FiscalYear | None = None
    change: Decimal | None = None
    change_unit: str = ""
    milestone: str = ""
    baselines: Baselines = ()
    unsure: tuple[Doubt, ...] = ()

    @property
    def printed_heading(self) -> str:
        """The words that the form prints above the promise."""
        return self.heading or self.subject

    @property
    def is_sure(self) -> bool:
        """Tell whether nothing of the line needs a second look."""
        return not self.unsure
