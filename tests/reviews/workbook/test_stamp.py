import pytest
from django.core.signing import BadSignature
from django.test import override_settings

from reviews.workbook.stamp import Stamp, read_stamp, write_stamp

STAMP = Stamp("r2", "mihon", 2020, "1-2", {"midyear": 3, "self_evaluation": 0})


def test_stamp_is_read_as_it_was_written():
    assert read_stamp(write_stamp(STAMP)) == STAMP


def test_stamp_takes_no_text_constant_that_excel_refuses():
    long = Stamp("r" * 20, "w" * 50, 2020, "1" * 20, {f"phase_{'x' * 20}_{n}": 1000 + n for n in range(9)})
    written = write_stamp(long)
    assert max(map(len, written.split("&"))) <= 255
    assert read_stamp(written) == long


@pytest.mark.parametrize(
    "text",
    ["", '""', '"abc"', "#REF!", "123", "'1 題'!$A$1", write_stamp(STAMP)[:-5] + 'xxxx"', '"eyJ9:x"'],
)
def test_stamp_that_was_not_signed_here_is_refused(text):
    with pytest.raises(BadSignature):
        read_stamp(text)


def test_stamp_with_another_year_in_it_is_refused():
    payload, signature = write_stamp(STAMP).strip('"').rsplit(":", 1)
    other, _ = write_stamp(Stamp("r2", "mihon", 2021, "1-2")).strip('"').rsplit(":", 1)
    with pytest.raises(BadSignature):
        read_stamp(f"{other}:{signature}")


def test_stamp_of_another_site_is_refused():
    with override_settings(SECRET_KEY="another site's key, long enough to be taken"):
        foreign = write_stamp(STAMP)
    with pytest.raises(BadSignature):
        read_stamp(foreign)
