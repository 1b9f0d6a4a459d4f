"""Real programs, evaluated at two commits: references, and what a program cannot do in a review."""

import json
import shutil
from pathlib import Path

import pytest
from flask_on_aws_cli.pulumi_engine.program.project import read_project
from flask_on_aws_cli.review.inputs.errors import ReviewError
from flask_on_aws_cli.review.inputs.import_path import python_path
from flask_on_aws_cli.review.inputs.programs import Evaluator

from tests.unit.command.review.projects import Repository

ROOT = Path(__file__).parents[4]


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "shop")


@pytest.fixture
def inputs_of(repository):
    """The inputs of each resource of a program, by name."""

    def evaluate(body):
        repository.write(body)
        graph = Evaluator(read_project(repository.folder, "prod"), "").run().graph
        return {resource.name: dict(resource.inputs) for resource in graph.custom()}

    return evaluate


def test_what_is_computed_from_an_output_refers_to_it(inputs_of):
    inputs = inputs_of("""
db = database()
task(HOST=db.address, URL=pulumi.Output.format("postgres://{host}/app", host=db.address), NAME="app")
Resource("aws:sns/topic:Topic", "topic", {"displayName": db.address.apply(lambda host: host.upper())})
Resource("aws:sqs/queue:Queue", "queue", {"name": db.id, "policy": db.number.apply(lambda number: number + 1)})
""")
    (container,) = json.loads(inputs["web"]["containerDefinitions"])
    assert {pair["name"]: pair["value"] for pair in container["environment"]} == {
        "HOST": "${Instance db.address}",
        "URL": "postgres://${Instance db.address}/app",
        "NAME": "app",
    }
    assert inputs["topic"]["displayName"] == "${INSTANCE DB.ADDRESS}"
    assert inputs["queue"]["name"] == "${Instance db.id}"
    assert repr(inputs["queue"]["policy"]) == "UNKNOWN"


def test_types_of_other_packages_are_evaluated(inputs_of):
    inputs = inputs_of("""
first = Resource("other:Thing", "first")
Resource("kubernetes:core/v1:Pod", "second", {"of": first.id})
""")
    assert inputs["second"]["of"] == "${Thing first.id}"


@pytest.mark.parametrize(
    "function",
    [
        "lambda host: open('written', 'w').write(host)",
        "lambda host: __import__('subprocess').run(['touch', 'written'])",
        "lambda host: __import__('os').mkdir('written')",
        "lambda host: __import__('socket').create_connection((host, 80), 1)",
        "lambda host: host.missing",
    ],
)
def test_an_apply_that_does_more_than_compute_has_an_unknown_result(inputs_of, repository, function):
    body = f"""
async def later(host):
    return ({function})(host)

db = database()
Resource("aws:sns/topic:Topic", "topic", {{"displayName": db.address.apply({function})}})
Resource("aws:sns/topic:Topic", "other", {{"displayName": db.address.apply(later)}})
"""
    inputs = inputs_of(body)
    assert {repr(inputs[name]["displayName"]) for name in ("topic", "other")} == {"UNKNOWN"}
    assert not (repository.folder / "written").exists()


def test_a_program_that_uses_the_network_gets_one_sentence(repository):
    repository.commit("import urllib.request; urllib.request.urlopen('http://metadata.example.com/')")
    code, output = repository.review()
    assert (code, output.count("\n")) == (2, 1)
    assert "The program connects to metadata.example.com, and a review has no network." in output


def test_a_program_that_fails_is_reported_with_its_error(repository):
    repository.commit("database()")
    repository.write("raise pulumi.RunError('Set the domain.')")
    assert repository.review() == (2, "Set the domain.\n")


def test_a_base_that_fails_is_reported_as_the_base(repository):
    repository.commit("raise pulumi.RunError('Set the domain.')")
    repository.write("database()")
    code, output = repository.review()
    assert code == 2
    assert output.startswith("The program of main (")
    assert output.endswith("cannot be evaluated: Set the domain.\n")


def test_what_cannot_be_compared_is_listed(repository):
    repository.commit("db = database()\nResource('aws:sqs/queue:Queue', 'queue', {'policy': db.number})")
    code, output = repository.review()
    assert code == 0
    assert "Known only to AWS, so changes of them are not in this review: queue.policy." in output


def test_an_unsupported_data_source_is_named(repository):
    repository.commit("pulumi.export('x', pulumi.runtime.invoke('aws:ec2/getAmi:getAmi', {}).value)")
    code, output = repository.review()
    assert code == 2
    assert "aws:ec2/getAmi:getAmi" in output


GUARDED = """
from flask_on_aws.data_loss.guard import Guard
from flask_on_aws.component import Component


class App(Component):
    def __init__(self, name, user):
        record = {"database": {"kind": "database", "name": "db", "username": user}}
        super().__init__(name, None, Guard(record, ACCEPTED))
        database(opts=self._child(), username=user)


App("app", "USER")
"""


@pytest.mark.parametrize(("accepted", "consent", "code"), [("[]", "missing", 1), ("['db']", "given", 0)])
def test_the_program_s_own_guard_is_asked_for_consent(repository, accepted, consent, code):
    body = GUARDED.replace("ACCEPTED", accepted)
    repository.commit(body)
    repository.write(body.replace("USER", "owner"))
    exit_code, output = repository.review("--format", "json")
    (change,) = json.loads(output)["changes"]
    assert (exit_code, {loss["consent"] for loss in change["losses"]}) == (code, {consent})
    assert change["effect"] == "loses-data"


def test_another_hook_that_rejects_the_update_is_reported(repository):
    body = """
def reject(args):
    raise ValueError("Not on Fridays.")


class App(pulumi.ComponentResource):
    def __init__(self, name, size):
        hook = pulumi.ResourceHook("fridays", reject, pulumi.ResourceHookOptions(on_dry_run=True))
        binding = pulumi.ResourceHookBinding(before_update=[hook])
        super().__init__("shop:index:App", name, {"size": size}, pulumi.ResourceOptions(hooks=binding))


App("app", SIZE)
"""
    repository.commit(body.replace("SIZE", "1"))
    repository.write(body.replace("SIZE", "2"))
    code, output = repository.review()
    assert (code, output.partition("\n")[0]) == (1, "prod: 0 unchanged (cannot work: app); policy: 0 new")
    assert "Not on Fridays." in output


def test_packages_of_the_repository_are_those_of_the_commit(repository, monkeypatch):
    (repository.folder / "lib").mkdir()
    (repository.folder / "lib/sizes.py").write_text("SIZE = 20")
    monkeypatch.syspath_prepend(str(repository.folder / "lib"))
    body = "import sizes; database(allocatedStorage=sizes.SIZE)"
    repository.commit(body)
    (repository.folder / "lib/sizes.py").write_text("SIZE = 30")
    code, output = repository.review()
    assert code == 0
    assert "allocatedStorage: 20 → 30" in output


def test_installed_packages_of_the_repository_are_on_the_path_of_each_worktree(tmp_path, monkeypatch):
    """As with `pip install -e ./components`, whose import hook is not on the path."""
    repository, worktree, site = tmp_path / "repository", tmp_path / "worktree", tmp_path / "site"
    for root in (repository, worktree):
        (root / "components/src/shop").mkdir(parents=True)
    info = site / "shop-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: shop\nVersion: 1.0\n")
    (info / "direct_url.json").write_text(json.dumps({"url": (repository / "components").as_uri(), "dir_info": {}}))
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", f"{repository / 'missing'}:/elsewhere")
    assert python_path(repository, worktree) == f"{worktree / 'components/src'}:/elsewhere"


def test_this_repository_s_stack_is_known_but_for_what_only_aws_knows():
    """The whole program: an unknown container definition would hide every change of an environment variable."""
    project = read_project(ROOT, "prod", decrypts=False, as_ciphertext=True)
    graph = Evaluator(project, python_path(ROOT, ROOT)).run().graph
    unknown = {
        f"{resource.name}.{name}"
        for resource in graph.custom()
        for name, value in resource.inputs.items()
        if "UNKNOWN" in repr(value)
    }
    images = {name for name in unknown if name.endswith(".registries")}
    assert unknown - images == {
        "app-vpc-origin-http.prefixListId",
        "app-vpc-origin-http.referencedSecurityGroupId",
    }


def test_the_app_s_own_guard_and_its_settings_are_in_the_review(repository):
    """The program of this repository: its guard names the setting, and acceptDataLoss is one of its settings."""
    for name in ("Pulumi.yaml", "__main__.py", "settings.py"):
        shutil.copy(ROOT / name, repository.folder)
    shutil.copytree(ROOT / "app_template", repository.folder / "app_template")
    stack = repository.folder / "Pulumi.prod.yaml"
    config = "config:\n  flask-on-aws:database: postgres\n"
    stack.write_text(config)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "Program")
    stack.write_text(f"{config}  flask-on-aws:databaseUsername: owner\n  flask-on-aws:acceptDataLoss: [app-db]\n")
    code, output = repository.review()
    assert code == 0
    assert "app-db: username: 'app' → 'owner' replaces the database app-db by an empty one.\n" in output
    assert "Accepted: acceptDataLoss (accept_data_loss in Python) includes app-db.\n" in output
    assert "containerDefinitions.web.environment.PGUSER: app → owner\n" in output


def test_a_folder_outside_of_git_is_reported(tmp_path):
    from flask_on_aws_cli.review.inputs.repository import Repository as GitRepository

    with pytest.raises(ReviewError, match="is not in a git repository"):
        GitRepository(tmp_path)
