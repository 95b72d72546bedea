"""What the screen shows stays readable at any width."""

from selflearn.cli.screen import Screen


def test_long_words_leave_room_for_the_id_and_the_similarity_of_a_sample(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    strings = {f"chromosome {number}#12": "ACGT" * 50 for number in range(3)}
    Screen().neighbours("chromosome 9", [(name, 0.125, "yeast") for name in strings], strings)
    told = capsys.readouterr()
    lines = (told.out + told.err).splitlines()
    for name in strings:
        assert any(name in line and "0.125" in line and "yeast" in line and "ACGTACGT" in line for line in lines)
