import shutil
from pathlib import Path

import pytest
from docker.utils.build import PatternMatcher
from flask_on_aws.image.build_context import ContextError, content_hash, context_problems
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = st.text("abc", min_size=1, max_size=2)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
# Kept names never end in .log, ignored ones always do; so no name is both a file and a folder of the other kind.
TREES = st.dictionaries(PATHS.map(lambda path: f"{path}.py"), st.binary(max_size=20), min_size=1, max_size=6)
LOGS = st.dictionaries(PATHS.map(lambda path: f"{path}.log"), st.binary(max_size=20), min_size=1, max_size=4)


def write(root: Path, files: dict[str, bytes | str]) -> Path:
    shutil.rmtree(root, ignore_errors=True)
    for name, content in {"Dockerfile": "FROM scratch\n", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def of(root: Path, dockerfile: str = "Dockerfile", **build_settings: object) -> str:
    return content_hash(str(root), dockerfile, build_settings)


def sent(root: Path, path: str) -> bool:
    """Whether a change of the file changes the hash."""
    before = of(root)
    target = root / path
    target.write_bytes(target.read_bytes() + b"!")
    return of(root) != before


@settings(deadline=None, max_examples=60)
@given(tree=TREES)
def test_the_same_tree_has_the_same_hash_in_whatever_order_it_was_written(tmp_path_factory, tree):
    root = tmp_path_factory.mktemp("trees")
    backwards = dict(reversed(tree.items()))
    assert of(write(root / "one", tree)) == of(write(root / "another", backwards))


@settings(deadline=None, max_examples=60)
@given(tree=TREES, data=st.data())
def test_any_change_of_a_sent_file_changes_the_hash(tmp_path_factory, tree, data):
    root = write(tmp_path_factory.mktemp("trees") / "app", tree)
    before = of(root)
    changed = root / data.draw(st.sampled_from(sorted(tree)))
    match data.draw(st.sampled_from(["content", "name", "mode", "gone"])):
        case "content":
            changed.write_bytes(changed.read_bytes() + b"x")
        case "name":
            changed.rename(changed.with_suffix(".pyi"))
        case "mode":
            changed.chmod(changed.stat().st_mode ^ 0o100)
        case "gone":
            changed.unlink()
    assert of(root) != before


@settings(deadline=None, max_examples=60)
@given(tree=TREES, logs=LOGS)
def test_an_ignored_file_changes_nothing(tmp_path_factory, tree, logs):
    root = tmp_path_factory.mktemp("trees")
    ignore = {".dockerignore": "**/*.log"}
    assert of(write(root / "with", {**tree, **logs, **ignore})) == of(write(root / "without", {**tree, **ignore}))


# What Docker documents, and what its matcher does beyond that.
@pytest.mark.parametrize(
    ("rules", "path", "is_sent"),
    [
        ("a.py", "a.py", False),
        ("a.py", "x/a.py", True),
        ("/a.py", "a.py", False),
        ("x", "x/y/a.py", False),
        ("x/", "x/y/a.py", False),
        ("*.py", "x/a.py", True),
        ("*/a.py", "x/a.py", False),
        ("*/a.py", "x/y/a.py", True),
        ("**/a.py", "a.py", False),
        ("**/a.py", "x/y/a.py", False),
        ("**/a.py", "ba.py", True),
        ("**/y", "x/y/a.py", False),
        ("x/**", "x/y/a.py", False),
        ("x/**/a.py", "x/a.py", False),
        ("x/**/a.py", "x/y/z/a.py", False),
        ("**.py", "x/a.py", False),
        ("**a.py", "x/ba.py", False),
        ("**/?.py", "x/a.py", False),
        ("?.py", "ba.py", True),
        ("[a-c].py", "b.py", False),
        ("[^a-c].py", "b.py", True),
        (r"\*.py", "a.py", True),
        ("a+.py", "aa.py", True),
        ("# a.py", "a.py", True),
        (" # a.py", "a.py", True),
        ("  a.py  ", "a.py", False),
        ("\ufeffa.py", "a.py", False),
        ("./x/../a.py", "a.py", False),
        ("*\n!a.py", "a.py", True),
        ("*\n!x/a.py", "x/a.py", True),
        ("x\n!x/y", "x/y/a.py", True),
        ("!a.py\n*", "a.py", False),
        ("*\n!x\nx/y", "x/y/a.py", False),
        ("*\n! a.py", "a.py", True),
    ],
)
def test_dockerignore_as_docker_reads_it(tmp_path, rules, path, is_sent):
    root = write(tmp_path / "app", {path: "1", ".dockerignore": rules})
    assert sent(root, path) is is_sent


@pytest.mark.parametrize(
    ("rules", "path", "is_sent"),
    [
        ("makefile", "Makefile", True),  # it ignores case
        ("a\\[b", "a[b", False),  # knows no escapes
        ("[^a]1", "b1", False),  # negates sets by `!`
        ("*\n!*/keep", "dir/keep/a.py", True),  # opens no folder for a pattern that begins with `*`
    ],
)
def test_docker_py_reads_a_dockerignore_otherwise(tmp_path, rules, path, is_sent):
    """Why its matcher is not used: this fails once docker-py agrees with BuildKit in one of these."""
    root = write(tmp_path / "app", {".dockerignore": rules, path: "1"})
    assert sent(root, path) is is_sent
    assert (path in set(PatternMatcher(rules.splitlines()).walk(str(root)))) is not is_sent


def test_the_dockerfiles_own_ignore_file_wins(tmp_path):
    files = {"deploy/Web.dockerfile": "FROM scratch", ".dockerignore": "*", "a.py": "1", "b.py": "1"}
    root = write(tmp_path / "app", {**files, "deploy/Web.dockerfile.dockerignore": "b.py"})
    before = of(root, "deploy/Web.dockerfile")
    (root / "b.py").write_text("2")
    assert of(root, "deploy/Web.dockerfile") == before
    (root / "a.py").write_text("2")
    assert of(root, "deploy/Web.dockerfile") != before


def test_the_dockerfile_counts_even_where_it_is_ignored(tmp_path):
    root = write(tmp_path / "app", {".dockerignore": "*"})
    assert sent(root, "Dockerfile")


def test_settings_count_in_whatever_order_they_are_given(tmp_path):
    root = write(tmp_path / "app", {})
    assert of(root, a="1", b="2") == of(root, b="2", a="1")
    assert of(root, a="1") != of(root, a="2")


def test_links_count_by_their_target_even_a_missing_one(tmp_path):
    root = write(tmp_path / "app", {"a.py": "same", "b.py": "same"})
    (root / "link").symlink_to("a.py")
    to_a = of(root)
    (root / "link").unlink()
    (root / "link").symlink_to("b.py")
    to_b = of(root)
    (root / "link").unlink()
    (root / "link").symlink_to("missing")
    assert len({to_a, to_b, of(root)}) == 3


def test_an_empty_folder_and_a_socket_make_no_new_image(tmp_path):
    import os

    root = write(tmp_path / "app", {"a.py": "1"})
    before = of(root)
    (root / "__pycache__").mkdir()
    os.mkfifo(root / "pipe")
    assert of(root) == before


def test_folders_left_out_are_not_even_opened(tmp_path, monkeypatch):
    import os

    root = write(tmp_path / "app", {".venv/lib/big.py": "1", "a.py": "1", ".dockerignore": ".venv"})
    opened, scan = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: opened.append(Path(folder).name) or scan(folder))
    of(root)
    assert opened == ["app"]


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path, monkeypatch):
    root = write(tmp_path / "app", {"secret.key": "1"})
    real = Path.open

    def refuse(path, *args, **kwargs):
        if path.name == "secret.key":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ContextError, match=r"secret.key' cannot be read \(Permission denied\); make it readable"):
        of(root)


def test_a_line_that_is_no_pattern_is_a_sentence(tmp_path):
    root = write(tmp_path / "app", {".dockerignore": "[a"})
    with pytest.raises(ContextError, match=r"'\[a' in .*\.dockerignore' is not a pattern"):
        of(root)


def test_problems_name_the_folder_and_the_dockerfile(tmp_path):
    ((argument, reason),) = context_problems(str(tmp_path / "nowhere"), "Dockerfile")
    assert argument == "context"
    assert "is not a folder" in reason
    assert "`image`" in reason
    ((argument, reason),) = context_problems(str(tmp_path), "Web.dockerfile")
    assert argument == "dockerfile"
    assert "'Web.dockerfile'" in reason
    assert not list(context_problems(str(write(tmp_path / "app", {})), "Dockerfile"))
