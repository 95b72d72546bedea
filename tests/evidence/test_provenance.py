"""What is not committed as it is cannot be measured."""

import subprocess

import pytest

from selflearn.errors import RunError
from selflearn.evidence import provenance
from selflearn.evidence.provenance import committed


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    return subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    git(tmp_path, "init", "-q")
    for name in ("claim.py", "recipe.yaml"):
        (tmp_path / name).write_text("stated\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "stated")
    return tmp_path


def test_a_committed_statement_names_its_commit(checkout):
    assert committed([checkout / "claim.py", checkout / "recipe.yaml"]) == git(checkout, "rev-parse", "HEAD")


def test_changes_elsewhere_do_not_matter(checkout):
    (checkout / "other.py").write_text("new")
    assert committed([checkout / "claim.py"])


@pytest.mark.parametrize("staged", [False, True])
@pytest.mark.parametrize("name", ["claim.py", "recipe.yaml"])
def test_a_changed_statement_is_refused(checkout, name, staged):
    (checkout / name).write_text("another margin\n")
    if staged:
        git(checkout, "add", name)
    with pytest.raises(RunError, match=f"{name} differs from what is committed"):
        committed([checkout / "claim.py", checkout / "recipe.yaml"])


def test_a_new_file_is_refused(checkout):
    (checkout / "fresh.py").write_text("claim")
    with pytest.raises(RunError, match="commit them first"):
        committed([checkout / "fresh.py"])


def test_outside_a_checkout_there_is_no_commit(tmp_path):
    (tmp_path / "claim.py").write_text("stated")
    assert committed([tmp_path / "claim.py"]) is None


def test_an_installation_inside_somebody_elses_checkout_has_no_commit(checkout):
    (checkout / ".gitignore").write_text("venv/\n")
    (checkout / "venv").mkdir()
    (checkout / "venv" / "claim.py").write_text("stated")
    assert committed([checkout / "venv" / "claim.py"]) is None


def test_code_that_differs_from_the_commit_is_named(checkout, monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGE", checkout / "package")
    for name in ("data/a.py", "data/gone.py", "cli/main.py", "evidence/page.py", "evidence/arms.py"):
        (checkout / "package" / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / "package" / name).write_text("first")
    (checkout / "claim.py").write_text("beside the package")
    git(checkout, "add", ".")
    git(checkout, "commit", "-qm", "code")
    assert provenance.uncommitted() == []
    for name in ("cli/main.py", "evidence/page.py", "data/notes.txt"):
        (checkout / "package" / name).write_text("second")
    assert provenance.uncommitted() == []
    (checkout / "package" / "data" / "gone.py").unlink()
    (checkout / "package" / "recipes").mkdir()
    for name in ("data/a.py", "evidence/arms.py", "recipes/new.yaml"):
        (checkout / "package" / name).write_text("second")
    assert provenance.uncommitted() == ["data/a.py", "data/gone.py", "evidence/arms.py", "recipes/new.yaml"]


def test_outside_a_checkout_nothing_differs(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    (tmp_path / "a.py").write_text("first")
    assert provenance.uncommitted() == []


def test_the_version_of_the_code_is_that_of_what_can_change_a_score(tmp_path, monkeypatch):
    def write(name, text):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def version(*families):
        provenance.code_version.cache_clear()
        return provenance.code_version(families)

    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    for name in (
        "data/a.py",
        "methods/base.py",
        "methods/joint/a.py",
        "methods/masked/a.py",
        "evidence/arms.py",
        "evidence/page.py",
    ):
        write(name, "first")
    joint = version("joint")
    for name in ("evidence/page.py", "evidence/experiments/new.py", "cli/main.py", "methods/masked/a.py", "methods/masked/new.py"):
        write(name, "second")
        assert version("joint") == joint, name
    for name in ("data/a.py", "methods/base.py", "methods/joint/a.py", "evidence/arms.py"):
        before = version("joint")
        write(name, "second")
        assert version("joint") != before, name
    provenance.code_version.cache_clear()
