"""Last year's sheet beside this year's: what was written then, and which issues are still open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from initiatives.form import OfficialForm, read_form
from initiatives.models import Initiative, Mark
from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYear

from .sheet import Answered, PhaseBlock, Sheet, read_sheet, with_everything


@dataclass(frozen=True)
class OpenIssue:
    """A ② of last year that no later mark has settled: the mark, and what was written about it."""

    phase: str
    question: str
    heading: str
    mark: str
    texts: tuple[Answered, ...]


@dataclass(frozen=True)
class LastYear:
    """The sheet that an initiative continues, as far as the reader may read it."""

    sheet: Sheet

    @property
    def fiscal_year(self) -> FiscalYear:
        return self.sheet.fiscal_year

    def block(self, phase: str) -> PhaseBlock | None:
        """Give what the same phase said; None when it was not written or may not be read."""
        block = self.sheet.block(phase)
        return block if block and block.readable and block.version else None

    @cached_property
    def open_issues(self) -> list[OpenIssue]:
        """List the ② that last year ended with. A mid-year ② that the year's end settled is closed."""
        open_marks: dict[str, list[OpenIssue]] = {}
        for block in self.sheet.blocks:
            marked: dict[str, list[OpenIssue]] = {}
            for answer in block.answered:
                meaning = answer.chosen.meaning if answer.chosen else ""
                if meaning in (Mark.Meaning.MET, Mark.Meaning.NOT_MET):
                    issues = marked.setdefault(answer.target, [])
                    if meaning == Mark.Meaning.NOT_MET:
                        issues.append(_issue(block, answer))
            for target, issues in marked.items():
                standing = open_marks.get(target, []) if issues else []
                open_marks[target] = [*standing, *issues]
        return [issue for issues in open_marks.values() for issue in issues]


def _issue(block: PhaseBlock, answer: Answered) -> OpenIssue:
    asked = answer.chosen.requires or answer.chosen.advises if answer.chosen else ""
    return OpenIssue(
        phase=block.phase.label,
        question=answer.question.label,
        heading=answer.heading,
        mark=str(answer.chosen),
        texts=tuple(
            one
            for one in block.answered
            if one.question.key == asked and one.target in ("", answer.target) and one.text
        ),
    )


def read_last_year(initiative: Initiative, form: OfficialForm, user: User) -> LastYear | None:
    """Read the sheet that an initiative continues, or None. Four queries, one more for another edition.

    `form` is the initiative's own. Text that the person may not read is left out, as on the sheet itself.
    """
    return read_last_years([initiative], {initiative.plan.edition_id: form}, user).get(initiative.pk)


def read_last_years(
    initiatives: Iterable[Initiative], forms: dict[int, OfficialForm], user: User
) -> dict[int, LastYear]:
    """Read the sheets that these initiatives continue, by initiative: as many queries as for one.

    `forms` are those at hand by edition; another edition's is read besides.
    """
    wanted = {one.pk: one.continues_id for one in initiatives if one.continues_id is not None}
    if not wanted:
        return {}
    known = dict(forms)
    years = {}
    for found in with_everything(Initiative.objects.visible_to(user).filter(pk__in=wanted.values())):
        edition = found.plan.edition
        if edition.pk not in known:
            known[edition.pk] = read_form(edition)
        years[found.pk] = LastYear(read_sheet(found, known[edition.pk], user))
    return {new: years[old] for new, old in wanted.items() if old in years}
