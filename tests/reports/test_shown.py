import pytest
from markupsafe import Markup

from apportion.reports.answer import short_share
from apportion.reports.picture import Numbers
from apportion.reports.planning import in_script
from apportion.reports.shown import shortened, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\x1b", "a␀b␛"),
        ("\u202eabc\u2069\x7f", "⟨U+202E⟩abc⟨U+2069⟩⟨U+007F⟩"),
        ("שלום, 你好 👩\u200d🔬\n", "שלום, 你好 👩\u200d🔬\n"),
        ("\ud800", "⟨U+D800⟩"),
    ],
)
def test_every_character_is_visible(text: str, shown: str):
    assert visible(text) == shown


def test_markup_and_numbers_pass():
    markup = Markup("<b>\x00</b>")
    assert visible(markup) is markup
    assert visible(3) == 3


def test_long_texts_are_cut_to_one_line():
    assert shortened("a\n b" * 5000, 6) == "a ba b"[:5] + "…"
    assert shortened("short") == "short"


def test_json_in_a_script_stays_in_it():
    assert "<" not in in_script({"a": "</script><!--"})
    with pytest.raises(ValueError, match="JSON"):
        in_script(float("nan"))


def test_csv_has_six_digits_and_holds_any_text():
    table = Numbers(["name", "value"], [['a,"b"\n', 1 / 3], [None, 7]])
    assert table.csv() == 'name,value\n"a,""b""\n",0.333333\n,7\n'


def test_shares_are_short():
    assert [short_share(share) for share in (0, 0.25, 0.6, 1)] == ["0", ".25", ".6", "1"]
