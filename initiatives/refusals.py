"""Why an act was refused: each carries its HTTP code and one sentence for the person who tried."""

from __future__ import annotations


class Refused(Exception):
    """An act that was not carried out and changed nothing. `sentence` says why and what to do next."""

    code = 409

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class LoginNeeded(Refused):
    """Nobody is logged in."""

    code = 302


class NotVisible(Refused):
    """The person may not know of it: another ward's, or a draft plan for a viewer."""

    code = 404


class NotAllowed(Refused):
    """The person may see it but not do this."""

    code = 403


class TransitionNotAllowed(Refused):
    """The state does not take this act (any more)."""


class WindowClosed(TransitionNotAllowed):
    """The phase does not take it now: not open yet, or closed."""


class ChangedMeanwhile(TransitionNotAllowed):
    """Somebody else was faster, or the form names no known version."""


class Incomplete(Refused):
    """What was filled in does not suffice. `problems` maps a field's name to its sentence, in form order."""

    code = 200

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("入力を確かめてください。")
        self.problems = problems
