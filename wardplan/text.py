"""Free text: kept as it was typed.

NFKC turns ② into 2 and one 神 into another, so nothing here normalises. Newlines become U+000A,
characters that XML 1.0 (and so Excel) cannot hold are taken out and counted, and that is all.
"""

import re
import unicodedata
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError

HARD_LIMIT = 200_000
"""Characters. Far above any form's own limit: a draft may be too long to submit, but not without end."""

REMOVED_NOTICE = "制御文字を取り除きました。"

_NEWLINES = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_NOT_IN_XML = re.compile("[\x01-\x08\x0e-\x1f\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_HALFWIDTH_KANA = re.compile("[\uff61-\uff9f]")

# Separators, controls and format characters (U+200B, U+2060, U+FEFF, tags). Private use (Co) is not
# among them: offices draw their own 外字 there, which are visible.
_BLANK_CATEGORIES = {"Zs", "Zl", "Zp", "Cc", "Cf"}
# Invisible although Unicode files them under letters, marks or symbols: fillers, selectors, U+2800.
_BLANK_OTHERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

_THIN_ANSWERS = {
    "なし", "無し", "無", "特になし", "特に無し", "特に無", "特段なし", "該当なし", "該当無し",
    "ありません", "特にありません", "特記事項なし", "同上", "同左", "未定",
}  # fmt: skip
_AROUND_THIN_ANSWERS = " \t\n\u3000。．.、,・-‐‑‒–—―─－ーｰ−~〜～…/／"


class CleanText(NamedTuple):
    """A text that can be stored, printed and exported, and how many characters were taken out of it."""

    text: str
    removed: int


def clean_text(value: str) -> CleanText:
    """Make newlines U+000A and take out the characters that XML 1.0 forbids; change nothing else.

    CRLF, CR, U+000B, U+000C, U+0085, U+2028 and U+2029 are newlines of some program that text is pasted
    from. The count of removed characters is there so that the page can say so. NUL and lone surrogates
    are signs of damage, not of typing: they raise ValidationError with a sentence for the user.
    """
    if "\x00" in value or _SURROGATES.search(value):
        raise ValidationError(
            "壊れた文字が含まれているため、受け付けられません。"
            "貼り付け元で文字を確かめ、その部分を入力し直してください。",
            code="damaged_characters",
        )
    text, removed = _NOT_IN_XML.subn("", _NEWLINES.sub("\n", value))
    return CleanText(text, removed)


def same_text(one: str, other: str) -> bool:
    """Tell whether two texts are the same to a reader: newline spelling and newlines at the end aside.

    A browser or Excel adds and drops the last newline at will; that alone makes no new version.
    Raises ValidationError like `clean_text`.
    """
    return clean_text(one).text.rstrip("\n") == clean_text(other).text.rstrip("\n")


def is_blank(text: str) -> bool:
    """Tell whether nothing in the text can be seen: empty, white space, or format characters only.

    U+3000, U+200B, U+2060 and U+FEFF pass `str.strip()` or look like content to it; a required answer
    that holds only them is not answered.
    """
    return all(
        unicodedata.category(character) in _BLANK_CATEGORIES or _BLANK_OTHERS.match(character)
        for character in text
    )


def is_thin(text: str) -> bool:
    """Tell whether the whole answer is なし, 特になし, ― or the like: accepted, but worth a hint.

    A soft warning only. Blank text is not thin; `is_blank` tells that.
    """
    return not is_blank(text) and (
        not text.strip(_AROUND_THIN_ANSWERS) or text.strip(_AROUND_THIN_ANSWERS) in _THIN_ANSWERS
    )


def has_halfwidth_kana(text: str) -> bool:
    """Tell whether the text holds half-width kana (ｶﾞ): kept as typed, but the page points it out."""
    return _HALFWIDTH_KANA.search(text) is not None


def length(text: str) -> int:
    """Count the characters of a text the way limits and counters do: code points, a newline being one.

    葛 with the variation selector U+E0100 therefore counts 2, and so does か with U+3099: code points are
    what browser, database and Excel can all count alike, graphemes are not.
    """
    return len(_NEWLINES.sub("\n", text))


def strip_bidi(title: str) -> str:
    """Take the characters that reverse the reading direction out of a title or a file name.

    U+202E makes 「fdp.exe」 read as 「exe.pdf」. Body text keeps them and is isolated with <bdi> instead.
    """
    return _BIDI_CONTROLS.sub("", title)


def quote(typed: str) -> str:
    """Put what a person typed between 「」 for a message, no more than its beginning."""
    typed = typed.strip()
    return f"「{typed}」" if len(typed) <= 20 else f"「{typed[:20]}…」"


class SheetTextField(forms.CharField):
    """A form field for the free text of a sheet.

    Django's CharField strips U+3000, counts a CRLF as two and gives the widget a maxlength that cuts a
    paste in silence. This one cleans with `clean_text`, strips nothing, counts with `length`, and refuses
    what is longer than `limit` with both figures. Required means visible content.
    """

    default_error_messages = {
        "required": "記入してください。",
        "too_long": "%(count)s文字あります。%(limit)s文字以内にしてください(%(over)s文字超過)。",
    }

    def __init__(self, *, limit: int = HARD_LIMIT, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea)
        super().__init__(strip=False, **kwargs)
        self.limit = limit

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Give the widget no maxlength, whatever limits there are: see the class."""
        return {}

    def to_python(self, value: Any) -> str:
        text: str = super().to_python(value) or ""
        return clean_text(text).text

    def validate(self, value: str) -> None:
        if self.required and is_blank(value):
            raise ValidationError(self.error_messages["required"], code="required")
        count = length(value)
        if count > self.limit:
            raise ValidationError(
                self.error_messages["too_long"],
                code="too_long",
                params={
                    "count": f"{count:,}",
                    "limit": f"{self.limit:,}",
                    "over": f"{count - self.limit:,}",
                },
            )

    def has_changed(self, initial: Any, data: Any) -> bool:
        if self.disabled:
            return False
        try:
            return not same_text(initial or "", data or "")
        except ValidationError:
            return True


def removed_characters(form: forms.BaseForm) -> dict[str, int]:
    """Say, by field name, how many characters cleaning takes out of a bound form's sheet texts.

    Only fields that lost something are named, so an empty answer means no notice. Asked of the form
    instead of remembered by the field: a field may be shared, and what was typed belongs to one request.
    """
    removed: dict[str, int] = {}
    for name, field in form.fields.items():
        if isinstance(field, SheetTextField) and form.is_bound:
            try:
                count = clean_text(form[name].data or "").removed
            except ValidationError:
                continue
            if count:
                removed[name] = count
    return removed
