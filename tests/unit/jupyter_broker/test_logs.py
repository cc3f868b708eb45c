"""What a container wrote, as it may be shown."""

from shiva_jupyter_broker.domain.logs import HIDDEN, MOST_CHARACTERS, Log, last, without


def test_the_last_lines_are_shown_and_that_there_were_older_ones() -> None:
    assert last(b"one\ntwo\nthree\n", 2) == Log(lines=("two", "three"), truncated=True)
    assert last(b"one\ntwo\nthree", 3) == Log(lines=("one", "two", "three"), truncated=False)


def test_what_wrote_nothing_has_no_lines() -> None:
    assert last(b"", 200) == Log(lines=(), truncated=False)


def test_where_older_bytes_were_left_out_the_rest_of_a_line_is_no_line() -> None:
    assert last(b"alf\nwhole\n", 200, cut=True) == Log(lines=("whole",), truncated=True)
    assert last(b"one endless line", 200, cut=True) == Log(lines=("one endless line",), truncated=True)


def test_a_line_is_no_longer_than_anybody_reads() -> None:
    [line] = last(b"x" * 10**6, 200).lines
    assert len(line) == MOST_CHARACTERS
    assert line.endswith("…")


def test_colors_and_control_characters_are_left_out_and_broken_text_is_still_text() -> None:
    assert last(b"\x1b[1;31mred\x1b[0m\tand \x00\xff\x07more\x1b[K", 1).lines == ("red\tand \ufffdmore",)


def test_a_secret_is_in_no_line() -> None:
    told = Log(lines=("http://gpu-01/lab?token=abc123", "abc123abc123", "nothing"), truncated=True)
    assert without(told, "abc123") == Log(
        lines=(f"http://gpu-01/lab?token={HIDDEN}", HIDDEN * 2, "nothing"), truncated=True
    )
    assert without(told, "") == told
