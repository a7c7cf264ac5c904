"""What is typed when a fault strikes, and how a page must hand it back."""

FORM = "/mihon/2020/1/midyear/"
SUBMIT = f"{FORM}submit/"
AUTOSAVE = f"{FORM}autosave/"
TEXT = "回収率が下がった。\n秋に増やす。"
COMPLETE = {"implementation": 1, "outlook": 2, "issues": TEXT}


def handed_back(response):
    """Tell whether a page of an error shows what was typed, in Japanese and without a trace."""
    return says_that_it_is_kept(response.content.decode())


def says_that_it_is_kept(page):
    return "消えていません。" in page and "秋に増やす。" in page and "Traceback" not in page
