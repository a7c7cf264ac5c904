"""The names of a layout's cells: what the office has to name, so that the system can fill the form."""

from __future__ import annotations

from initiatives.form import FormMark, FormQuestion, OfficialForm

from .layout import ANY_TARGET, answer_name

TITLE, ABOUT, HEADING = "title", "about", "heading"
POLICY, ANNUAL = "plan_policy", "plan_annual"

SAMPLES = {
    TITLE: "(様式の表題)",
    ABOUT: "(区・年度・担当課)",
    HEADING: "(取組項目の番号と題名)",
    POLICY: "(取組の方針・目標内容が入ります)",
    ANNUAL: "(当年度の取組内容が入ります)",
}
"""What stands in a layout's cells that the system fills, only to be seen."""

ADVICE = (
    "列の幅、行の高さ、並び順、文字の大きさや書体、色、見出しの文、印刷の設定は、自由に変えられます。",
    "名前の付いたセルには、システムが文を入れます。名前は「数式」タブの「名前の管理」で付け直せます。",
    "名前のないセルは、この様式に書かれたとおりに印刷されます。",
    "行の高さは、文が長いときは自動で高くなります。",
    "数式、図、グラフ、条件付き書式は使えません。",
)


def of(question: FormQuestion) -> str:
    """Name the cell of an answer: midyear_issues; of one for each target: review_mark__target."""
    return answer_name(question, ANY_TARGET if question.per_target else "")


def legend_of(name: str, mark: FormMark) -> str:
    """Name the cell of a mark's printed answer: midyear_outlook__2."""
    return f"{name}__{mark.position}"


def label_of(name: str) -> str:
    """Name the heading of a question for each target, which gets the target's own heading."""
    return f"{name}__label"


def region_of(phase: str) -> str:
    """Name the cells that stand once for each target."""
    return f"{phase}__targets"


def required(form: OfficialForm) -> dict[str, str]:
    """List the names that a layout of this form must have, with what they are for."""
    found = {
        TITLE: "様式の表題",
        ABOUT: "区・年度・担当課",
        HEADING: "取組項目の番号と題名",
        POLICY: form.label("plan.policy"),
        ANNUAL: form.label("plan.annual"),
    }
    for phase in form.phases:
        for question in phase.questions:
            if not question.on_paper:
                continue
            name = of(question)
            where = f"{phase.label} {question.label}"
            found[name] = f"{where}(記入欄)"
            for mark in question.marks:
                if mark.on_paper:
                    found[legend_of(name, mark)] = f"{where} {mark.legend}"
            if question.per_target:
                found[region_of(phase.key)] = f"{phase.label} 目標ごとに繰り返す範囲"
    return found


def optional(form: OfficialForm) -> dict[str, str]:
    """List the names that a layout may have besides."""
    return {
        label_of(of(question)): f"{phase.label} {question.label}(見出しの後に、目標の文が続く)"
        for phase in form.phases
        for question in phase.questions
        if question.on_paper and question.per_target
    }
