"""The plan names the kind of database that an app's drivers need, if it is not the default's."""

import json

import pytest
from flask_on_aws.build_plan.plan import plan_build


@pytest.mark.parametrize(
    ("requirements", "node", "driver"),
    [
        ("pymongo", {}, "pymongo"),
        ("motor\npymongo", {}, "motor"),
        ("mongoengine", {}, "mongoengine"),
        ("beanie", {}, "beanie"),
        ("Flask-PyMongo", {}, "flask-pymongo"),
        ("flask", {"mongoose": "^8"}, "mongoose"),
        ("pymongo\npsycopg[binary]", {}, ""),
        ("flask", {}, ""),
    ],
)
def test_an_app_with_drivers_of_mongodb_alone_is_told_of_documentdb(tmp_path, requirements, node, driver):
    (tmp_path / "requirements.txt").write_text(f"gunicorn\n{requirements}\n")
    (tmp_path / "Procfile").write_text("web: gunicorn app:app\n")
    (tmp_path / "app.py").write_text("def app(environ, start_response): ...\n")
    if node:
        (tmp_path / "package.json").write_text(json.dumps({"dependencies": node}))
    found = [decision for decision in plan_build(tmp_path).decisions if decision.subject == "database"]
    assert [decision.value for decision in found] == (["documentdb"] if driver else [])
    if driver:
        assert found[0].reason.startswith(f"{driver} needs MongoDB")
        assert "retryWrites=false" in found[0].reason
