"""Every framework with every server that can load its app, in `./up`: one app replaces another as a release does."""

from collections.abc import Iterator

import pytest
from flask_on_aws.build_plan.plan import BuildPlanError, plan_build

from tests.apps.combinations import COMBINATIONS
from tests.waiting import until

from .project import Local, opened

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with opened(tmp_path_factory.mktemp("combinations") / "project") as local:
        yield local


@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_app_serves(local: Local, name: str) -> None:
    folder = COMBINATIONS[name].write(local.folder / name)
    style = f"body {{ max-width: 40em }} /* {name} */\n"
    (folder / "static" / "style.css").write_text(style)
    with pytest.raises(BuildPlanError) as caught:
        plan_build(folder)
    assert caught.value.proposal is not None
    local.configure(app=name, startCommand=caught.value.proposal.command, database="none", bucket="none")
    assert "health path: /healthz" in local.up()
    # For a moment, the load balancer still sends requests to the app before it, which ends at SIGTERM.
    until(lambda: local.get("/static/style.css") == (200, style))
    until(lambda: local.get("/") == (200, "127.0.0.1"))
