import pytest
from flask_on_aws.build_plan.procfile import ProcfileError, read_procfile
from hypothesis import given
from hypothesis import strategies as st


def test_commands_keep_their_order_colons_and_quotes(tmp_path):
    path = tmp_path / "Procfile"
    path.write_text("# processes\nweb: gunicorn 'app:create_app()'\n\nrelease: flask db upgrade\n")
    assert list(read_procfile(path).items()) == [
        ("web", "gunicorn 'app:create_app()'"),
        ("release", "flask db upgrade"),
    ]


def test_a_name_that_comes_twice_is_rejected_with_its_line(tmp_path):
    path = tmp_path / "Procfile"
    path.write_text("web: a\nweb: b\n")
    with pytest.raises(ProcfileError, match="line 2: 'web' is there twice"):
        read_procfile(path)


@given(st.binary(max_size=200))
def test_any_file_is_read_or_refused_with_its_line(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("p") / "Procfile"
    path.write_bytes(content)
    try:
        read = all(command for command in read_procfile(path).values())
    except ProcfileError as error:
        read = "line" in str(error)
    assert read
