from __future__ import annotations

import pytest

from selflearn.data.remote.hub import HubName
from selflearn.data.remote.urls import expand, is_pattern, is_url, name_of
from selflearn.errors import DataError


def test_braces_count_with_leading_zeros_and_list() -> None:
    assert expand("s3://b/t-{08..10}.tar") == ["s3://b/t-08.tar", "s3://b/t-09.tar", "s3://b/t-10.tar"]
    assert expand("{a,b}-{0..1}") == ["a-0", "a-1", "b-0", "b-1"]
    assert expand("plain.tar") == ["plain.tar"]


@pytest.mark.parametrize("pattern", ["x-{5..2}", "x-{0..99999999999}", "{0..9999}{0..9999}"])
def test_ranges_that_cannot_be_meant_are_refused_at_once(pattern: str) -> None:
    with pytest.raises(DataError, match=r"runs backwards|more than 1,000,000"):
        expand(pattern)


def test_what_is_a_url_and_what_a_path() -> None:
    assert all(map(is_url, ["s3://b/x", "https://h/x.csv", "memory://x", "simplecache::s3://b/x", "hf:a/b", "hf://datasets/a/b"]))
    assert not any(map(is_url, ["folder/x", r"C:\data", "prior:gp", "digits", "a:b", None]))
    assert is_pattern("t-{0..3}.tar")
    assert is_pattern("x/*.tar")
    assert not is_pattern("https://h/x.csv?version=2")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("s3://bucket/birds/", "birds"), ("s3://bucket/train-{000..099}.tar", "train"), ("https://h/a/t.csv?x=1", "t"),
        ("hf:owner/name", "owner-name"), ("hf:owner/name:test", "owner-name-test"), ("s3://bucket/*.tar", "data"),
    ],
)  # fmt: skip
def test_a_run_is_called_after_its_source(source: str, name: str) -> None:
    assert name_of(source) == name


def test_names_on_the_hub_have_parts() -> None:
    assert HubName.of("hf:owner/name") == HubName("owner/name", None, None)
    assert HubName.of("hf:mnist:test") == HubName("mnist", None, "test")
    assert HubName.of("hf:owner/name/small:test") == HubName("owner/name", "small", "test")
    with pytest.raises(DataError, match="no name on the hub"):
        HubName.of("hf:../../etc")
