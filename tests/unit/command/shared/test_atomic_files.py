"""Several files are written together, or none of them."""

import pytest
from flask_on_aws_cli.shared.atomic_files import write_all


def test_files_that_were_replaced_get_their_content_back(tmp_path):
    existing, new, folder = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    existing.write_text("before")
    folder.mkdir()
    contents = dict.fromkeys((existing, new, folder), "after")
    with pytest.raises(IsADirectoryError) as error:
        write_all(contents, dict.fromkeys(contents, 0o600))
    assert error.value.filename == str(folder)
    assert existing.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c"]
