"""What a person types into a review: validated and narrowed to answers. Writes nothing.

The form is built from the edition's questions, so that next year's form needs no code.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from initiatives.form import FormMark, FormQuestion
from initiatives.forms import FIGURE_PARTS, DayField, FigureField, FormWithLinks
from initiatives.models import Question, Target
from wardplan.accounts.models import User
from wardplan.numbers import half_width
from wardplan.text import SheetTextField, has_halfwidth_kana, is_thin, removed_characters

from .answers import Answers, Field, advice, assemble, fields_of
from .basis import Basis
from .case import Case
from .comments import labels_of
from .form_layout import Beside, goes_by_steps, last_text, rows_in_order, steps
from .rules import COMMENT_PREFIX, decision_problems, until_needed

When = Question.RequiredWhen


class MarkField(forms.TypedChoiceField):
    """A choice among the edition's marks; nothing is preselected, and ②, "2", "２" are understood alike."""

    def __init__(self, question: FormQuestion, **kwargs: Any) -> None:
        self.question = question
        super().__init__(
            choices=[(mark.position, str(mark)) for mark in question.marks],
            coerce=int,
            empty_value=None,
            required=False,
            widget=forms.RadioSelect,
            error_messages={"invalid_choice": f"{question.label}を選んでください。"},
            **kwargs,
        )

    def to_python(self, value: Any) -> str:
        return super().to_python(self._position(value))

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Show again as chosen what was understood, however it was written."""
        return self._position(data)

    def _position(self, value: Any) -> Any:
        # What the page's own radios send comes first: a form may call its fifth mark 「1」.
        if any(str(mark.position) == value for mark in self.question.marks):
            return value
        return read_mark(self.question, value) or value


def read_mark(question: FormQuestion, value: Any) -> int | None:
    """Understand a mark in every width and way of writing: 2, ２, ②, "②:達成できない見込み", (ii), ⅱ.

    What is printed on the form goes before the count: where a symbol 「1」 stands fifth, 1 is that mark.
    None for what is no mark of this question; the caller decides what that means.
    """
    typed = half_width(str(value or "")).strip()
    if not typed:
        return None
    for mark in question.marks:
        symbol, label = half_width(mark.symbol), half_width(mark.label)
        if typed in (symbol, label):
            return mark.position
        if typed.startswith(symbol) and typed.removeprefix(symbol).lstrip(": ") == label:
            return mark.position
    for mark in question.marks:
        roman = chr(0x216F + mark.position)  # ⅰ ⅱ ⅲ
        circled = chr(0x245F + mark.position)  # ① ② ③
        letters = "i" * mark.position
        if typed in (str(mark.position), circled, roman, letters, f"({letters})"):
            return mark.position
    return None


def input_names(field: Field) -> list[str]:
    """Name the inputs that a field has in the form: its own, and the parts of a figure."""
    if field.question.kind == "figure":
        return [field.name, *(f"{field.name}_{part}" for part in FIGURE_PARTS)]
    return [field.name]


class ReviewForm(forms.Form):
    """One phase's form, built from the edition's questions; `complete` asks for what submitting needs."""

    def __init__(
        self,
        case: Case,
        data: Mapping[str, Any] | None = None,
        *,
        answers: Answers | None = None,
        typed: Mapping[str, Any] | None = None,
        complete: bool = False,
    ) -> None:
        super().__init__(data)
        self.case = case
        self.complete = complete
        self.targets = targets = {target.key: target for target in case.targets}
        self.answer_fields = list(fields_of(case.phase, list(targets)))
        self.stored = case.review.answers if answers is None else answers
        self.typed = typed
        for field in self.answer_fields:
            self._add(field, field.of(self.stored), targets.get(field.target))
        if typed is not None:
            self.initial.update({name: value for name, value in typed.items() if name in self.fields})
        self.beside: Beside | None = None
        self.target_lines: dict[str, Any] = {}
        self.helper = self._helper(targets)

    def _add(self, field: Field, answer: Any, target: Target | None) -> None:
        question = field.question
        adders: dict[str, Callable[[Field, Any, Target | None], None]] = {
            "mark": self._add_mark,
            "text": self._add_text,
            "figure": self._add_figure,
        }
        adders[question.kind](field, answer, target)

    def _add_mark(self, field: Field, answer: Any, target: Target | None) -> None:
        self.fields[field.name] = MarkField(field.question, label=self._label(field, target))
        self.initial[field.name] = answer

    def _add_text(self, field: Field, answer: Any, target: Target | None) -> None:
        self.fields[field.name] = SheetTextField(
            label=self._label(field, target), required=False, help_text=field.question.hint
        )
        self.initial[field.name] = answer or ""

    def _add_figure(self, field: Field, answer: Any, target: Target | None) -> None:
        figure = answer or {}
        unit = target.indicator.unit if target else ""
        self.fields[field.name] = FigureField(unit, label="実績")
        self.initial[field.name] = figure.get("value", "")
        for part, label in FIGURE_PARTS.items():
            name = f"{field.name}_{part}"
            self.fields[name] = (
                DayField(label=label)
                if part == "as_of"
                else SheetTextField(label=label, required=False, limit=200, widget=forms.TextInput())
            )
            self.initial[name] = figure.get(part, "")

    @staticmethod
    def _label(field: Field, target: Target | None) -> str:
        if target is None:
            return field.question.label
        return f"{field.question.label}({target.heading or target.indicator.name})"

    def _helper(self, targets: Mapping[str, Target]) -> FormHelper:
        """Lay the fields out, each with our own template for its kind."""
        helper = FormHelper(self)
        helper.form_tag = False
        helper.disable_csrf = True
        helper.include_media = False
        lay_out = steps if goes_by_steps(self.case.phase) else rows_in_order
        helper.layout = Layout(*lay_out(self.answer_fields, dict(targets)))
        for field in self.answer_fields:
            if field.question.kind != "figure":
                self.fields[field.name].question = field.question  # type: ignore[attr-defined]
                self.fields[field.name].tag = self.tag(field)  # type: ignore[attr-defined]
        return helper

    @property
    def goes_by_steps(self) -> bool:
        return goes_by_steps(self.case.phase)

    def set_beside(self, beside: Beside, target_lines: Mapping[str, Any] | None = None) -> None:
        """Put what the marks rest on, and last year's texts, beside the fields."""
        self.beside = beside
        self.target_lines = dict(target_lines or {})
        for field in self.answer_fields:
            shown: Any = self.fields[field.name]
            if field.question.kind == "figure":
                continue
            shown.tag = self.tag(field, beside.basis)
            shown.proposal = beside.basis.proposal(field.question, field.target) if field.target else None
            if field.question.kind == "text" and not field.target:
                shown.last_text = last_text(beside, field.question.key, str(self[field.name].value() or ""))
                shown.repeated = (
                    shown.last_text.repeated if shown.last_text and not self.goes_by_steps else ()
                )
            if field.question.required_when == When.TURNED:
                turned = [turn.sentence for turn in beside.basis.turns_for(field)]
                shown.help_text = turned[0] if turned else field.question.hint
            # A text that no answer can demand stays out of the way until somebody has written one.
            shown.spare = (
                bool(field.question.required_when)
                and shown.tag["kind"] == "optional"
                and not self[field.name].value()
            )

    def current_answers(self) -> Answers:
        """Give the answers that the page shows now, as far as they can be read; what is stored at first."""
        if self.is_bound:
            return self.answers() if self.errors is not None else {}
        if self.typed is None:
            return self.stored
        shown = ReviewForm(self.case, dict(self.as_inputs()))
        return shown.answers() if shown.errors is not None else {}

    def tag(self, field: Field, basis: Basis | None = None) -> dict[str, Any]:
        """Say whether a field is required, and after which choices: for its tag, with and without script."""
        question = field.question
        if question.required:
            return {"kind": "required", "words": "必須"}
        demanding = self._demanding(field)
        differing, why = self._differing(field, basis) if basis else ([], "")
        if differing:
            return self._tag_by_mark([*demanding, *differing], f"{why}ので必須", f"{why}とき必須")
        if not demanding:
            return {"kind": "optional", "words": "任意"}
        symbols = "・".join(dict.fromkeys(mark.symbol for _, mark in demanding))
        chosen = [
            mark.symbol for name, mark in demanding if str(self[name].value() or "") == str(mark.position)
        ]
        return {
            "kind": "conditional",
            "when": " ".join(f"{name}={mark.position}" for name, mark in demanding),
            "required": f"{symbols}を選んだので必須",
            "otherwise": f"{symbols}のとき必須",
            "words": f"{chosen[0]}を選んだので必須" if chosen else f"{symbols}のとき必須",
        }

    def _demanding(self, field: Field) -> list[tuple[str, FormMark]]:
        """List the choices (input, mark) that the edition lets demand a field."""
        return [
            (other.name, mark)
            for other in self.answer_fields
            if not field.target or other.target in ("", field.target)
            for mark in other.question.marks
            if mark.requires == field.question.key
        ]

    def _differing(self, field: Field, basis: Basis) -> tuple[list[tuple[str, FormMark]], str]:
        """List the choices that the figures or the phase before let demand a text, and say why in words."""
        if field.question.required_when == When.DIFFERS:
            marks = basis.marks_for(field)
            return [(one.name, mark) for one in marks for mark in one.differing], "判定と異なる"
        if field.question.required_when == When.TURNED:
            turns = basis.turns_for(field)
            label = turns[0].phase.label if turns else ""
            return [(one.name, mark) for one in turns for mark in one.turning], f"{label}と異なる"
        return [], ""

    def _tag_by_mark(
        self, choices: list[tuple[str, FormMark]], required: str, otherwise: str
    ) -> dict[str, Any]:
        chosen = any(str(self[name].value() or "") == str(mark.position) for name, mark in choices)
        return {
            "kind": "conditional",
            "when": " ".join(dict.fromkeys(f"{name}={mark.position}" for name, mark in choices)),
            "required": required,
            "otherwise": otherwise,
            "words": required if chosen else otherwise,
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.complete:
            for name, sentence in self.case.problems(self.answers()).items():
                if name not in self.errors:
                    self.add_error(name, sentence)
        return cleaned

    def answers(self) -> Answers:
        """Assemble what was typed into answers; blanks are left out."""
        values: dict[Field, Any] = {}
        for field in self.answer_fields:
            values[field] = self.cleaned_data.get(field.name)
            if field.question.kind == "figure":
                parts = {part: self.cleaned_data.get(f"{field.name}_{part}") for part in FIGURE_PARTS}
                values[field] = {"value": self.cleaned_data.get(field.name), **parts}
        return assemble(values)

    def add_problems(self, problems: Mapping[str, str]) -> None:
        """Put what a verb found missing beside the fields."""
        for name, sentence in problems.items():
            self.add_error(name if name in self.fields else None, sentence)

    def error_links(self) -> list[tuple[str, str]]:
        """List (id of the input, sentence) in form order for the summary above the form."""
        links = []
        for name in self.fields:
            for sentence in self.errors.get(name, []):
                links.append((self.input_id(name), str(sentence)))
        return links + [("", str(sentence)) for sentence in self.non_field_errors()]

    def input_id(self, name: str) -> str:
        """Name the element that a link to a field should reach: a group of radios by its first one."""
        return f"id_{name}_0" if isinstance(self.fields[name], MarkField) else f"id_{name}"

    def removed(self) -> dict[str, int]:
        return removed_characters(self)

    def typed_text(self) -> dict[str, str]:
        """Give back everything that was typed, by label, as it came: for pages that cannot show the form."""
        numbers = {key: place for place, key in enumerate(self.targets, start=1)}
        kept = {}
        for field in self.answer_fields:
            label = field.question.label
            if field.target:
                label = f"目標{numbers[field.target]} {label}"
            for name in input_names(field):
                part = FIGURE_PARTS.get(name.removeprefix(f"{field.name}_"), "")
                if typed := str(self.data.get(name) or ""):
                    mark = field.question.mark(read_mark(field.question, typed))
                    kept[f"{label} {part}".strip()] = str(mark or typed)
        return kept

    def as_inputs(self) -> list[tuple[str, Any]]:
        """Write what the form holds as inputs to be sent again; blanks are left out."""
        return [(name, value) for name in self.fields if (value := self[name].value()) not in (None, "")]

    def hints(self) -> list[str]:
        """Say softly what a reader will miss: an advised field left blank, a text that says nothing."""
        answers = self.answers()
        found = list(advice(self.case.phase, answers, self.case.target_keys).values())
        for field in self.answer_fields:
            answer = field.of(answers)
            if isinstance(answer, str) and is_thin(answer):
                found.append(f"{field.question.label}は、文で書くと伝わりやすくなります。")
            if isinstance(answer, str) and has_halfwidth_kana(answer):
                found.append(f"{field.question.label}に半角カナがあります。全角のほうが読みやすくなります。")
            if isinstance(answer, dict) and self._is_above_the_whole(field, answer):
                indicator = self.targets[field.target].indicator
                found.append(f"{indicator.name}の実績が100%を超えています。数値を確かめてください。")
        return found

    def _is_above_the_whole(self, field: Field, figure: Mapping[str, str]) -> bool:
        unit = self.targets[field.target].indicator.unit
        return unit == "%" and Decimal(figure.get("value") or 0) > 100


class DeputyForm(FormWithLinks):
    """Who approves in a manager's place, and from when until when."""

    deputy = forms.ModelChoiceField(
        User.objects.none(),
        label="代理承認者",
        empty_label="選んでください",
        error_messages={
            "required": "代理承認者を選んでください。",
            "invalid_choice": "この区の利用者から選んでください。",
        },
    )
    starts_on = DayField(
        label="開始日",
        help_text="例: 令和2年10月1日",
        required=True,
        error_messages={"required": "開始日を入れてください。"},
    )
    ends_on = DayField(
        label="終了日",
        help_text="この日まで承認できます。",
        required=True,
        error_messages={"required": "終了日を入れてください。"},
    )

    def __init__(self, people: QuerySet[User], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.fields["deputy"].queryset = people  # type: ignore[attr-defined]

    def days(self) -> tuple[datetime.date, datetime.date]:
        """Give the first and the last day of a valid form."""
        first, last = (
            datetime.date.fromisoformat(self.cleaned_data[name]) for name in ("starts_on", "ends_on")
        )
        return first, last


class DecisionForm(forms.Form):
    """The words that go with a verb: a reason, in a closed window a date until which to write, and with a
    return a comment on each field that needs one."""

    reason = SheetTextField(label="理由", required=False, help_text="この欄も公開請求の対象になります。")
    until = DayField(label="いつまで書けるようにするか", help_text="例: 令和2年10月9日")

    def __init__(self, verb: str, case: Case, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, auto_id=f"id_{case.review.phase}_{verb}_%s")
        self.verb = verb
        self.case = case
        self.fields["reason"].widget.attrs["rows"] = 3
        if not until_needed(verb, case, timezone.now()):
            del self.fields["until"]
        if verb == "return":
            for name, label in labels_of(case.phase, case.target_keys).items():
                self.fields[f"{COMMENT_PREFIX}{name}"] = SheetTextField(label=label, required=False)

    @property
    def demanded(self) -> list[forms.BoundField]:
        """List what the verb cannot do without: the reason, and the date when one is needed."""
        return [self[name] for name in self.fields if not name.startswith(COMMENT_PREFIX)]

    @property
    def comment_inputs(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(COMMENT_PREFIX)]

    @property
    def comments_typed(self) -> bool:
        return any(field.value() for field in self.comment_inputs)

    def comments(self) -> dict[str, str]:
        """Give what was written to single fields, by the field's name; blanks are left out."""
        written = {field.name: self.cleaned_data.get(field.name) for field in self.comment_inputs}
        return {name.removeprefix(COMMENT_PREFIX): text for name, text in written.items() if text}

    def typed_text(self) -> dict[str, str]:
        """Give back the reason and the comments by label, as they came: for pages that lack the form."""
        labels = {"reason": "書いた理由"} | {
            field.name: f"{field.label}へのコメント" for field in self.comment_inputs
        }
        return {label: typed for name, label in labels.items() if (typed := str(self.data.get(name) or ""))}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        found = decision_problems(
            self.verb,
            self.case,
            timezone.now(),
            reason=cleaned["reason"],
            until=self.until_day(),
            comments=self.comments(),
        )
        for name, sentence in found.items():
            self.add_error(name if name in self.fields else None, sentence)
        return cleaned

    def until_day(self) -> datetime.date | None:
        given = self.cleaned_data.get("until")
        return datetime.date.fromisoformat(given) if given else None

    def error_links(self) -> list[tuple[str, str]]:
        """List (id of the input, sentence) for the summary above the page."""
        return [
            (self[name].id_for_label if name in self.fields else "", str(sentence))
            for name, sentences in self.errors.items()
            for sentence in sentences
        ]
