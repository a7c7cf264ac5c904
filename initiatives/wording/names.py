"""The indicator's name in a heading: without the year and the survey, which belong to the source."""

from __future__ import annotations

import re

from initiatives.wording.years import plain

_YEAR = r"(?:(?:令和|平成|昭和|[㋿㍻㍼RHS])? *(?:元|[0-9]{1,4}) *年度の?)"
_SURVEY = re.compile(
    rf"{_YEAR}?[^「」]{{0,80}}?(?:アンケート|調査)(?:\([^()]{{0,40}}\))?"
    r"(?:(?:において|における|にて)[、,]?|で[、,]) *(?=.)"
)
_LEADING_YEAR = re.compile(rf"{_YEAR} *(?=.)")
_TRAILING = (" ", ":", "、", ",", "について", "を", "は", "が")
_QUOTED = re.compile(r"「([^「」]+)」")

_UNITS = {"件数": "件", "割合": "%", "率": "%", "人数": "人", "者数": "人", "回数": "回", "世帯数": "世帯",
          "団体数": "団体", "校数": "校"}  # fmt: skip
_UNIT_NAME = re.compile(f"({'|'.join(_UNITS)})[」』)]?\\Z")

UNPLEASANT = re.compile(
    "不適切|事故|事件|犯罪|苦情|待機|滞納|未納|未収|不登校|いじめ|虐待|超過|違反|ミス|誤り|遅延|廃棄|排出|火災|死亡|"
    "放置|不法|時間外|残業|ごみ"
)
"""Words of a name that leave it open whether more is better: nothing is proposed then."""


def subject_of(heading: str) -> str:
    """Give the name of the indicator that a heading names, in the heading's own characters.

    令和3年度区民アンケート(市民局実施分)において、「…区民の割合」 is the indicator …区民の割合: with the year
    in its name, it would be another indicator next year. A particle left over by the promise goes, too.
    """
    name = heading.strip()
    text = plain(name)
    end = len(text)
    while trailing := next((word for word in _TRAILING if text.endswith(word, 0, end)), ""):
        end -= len(trailing)
    name, text = name[:end], text[:end]
    for pattern in (_SURVEY, _LEADING_YEAR):
        if found := pattern.match(text):
            name, text = name[found.end() :].strip(), text[found.end() :].strip()
            break
    quoted = _QUOTED.fullmatch(name)
    return quoted[1].strip() if quoted else name


def survey_of(heading: str) -> str:
    """Give the source that a heading names, without its year: 区民アンケート(市民局実施分); "" when none."""
    found = _SURVEY.match(plain(heading.strip()))
    if not found:
        return ""
    words = heading.strip()[: found.end()]
    if year := _LEADING_YEAR.match(plain(words)):
        words = words[year.end() :]
    return re.sub(r"(?:において|における|にて|で)[、，,]?\s*\Z", "", words)


def unit_of_name(name: str) -> str:
    """Propose a unit by what a name counts: 件 for …件数; "" when it does not say."""
    found = _UNIT_NAME.search(plain(name.strip()))
    return _UNITS[found[1]] if found else ""
