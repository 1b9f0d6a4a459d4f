"""The command on git repositories, exported states and plans: what it compares with, its exit codes and its errors."""

import json
import subprocess

import pytest

from tests.unit.command.review.projects import Repository, changes_of

DATABASE = "database(engine='postgres', backupRetentionPeriod=7, instanceClass='db.t4g.micro')"


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "shop")


def test_the_working_tree_is_compared_with_where_the_branch_left_main(repository):
    repository.commit(DATABASE)
    repository.git("checkout", "--quiet", "main")
    repository.write(DATABASE.replace("7", "9"))
    repository.git("commit", "--all", "--quiet", "--message", "Later on main")
    repository.git("checkout", "--quiet", "change")
    repository.write(DATABASE.replace("micro", "small"))
    code, output = repository.review()
    assert changes_of(output) == "prod: 1 in the maintenance window, 0 unchanged"
    assert "\nCompared with main (" in output
    assert (code, "backupRetentionPeriod" in output) == (0, False)
    assert repository.git("worktree", "list").count("\n") == 0
    assert "instanceClass" in repository.review("--base", "main")[1]
    assert "backupRetentionPeriod: 9 → 7" in repository.review("--base", "main")[1]


def test_lost_data_fails_until_it_is_accepted(repository):
    repository.commit(DATABASE)
    repository.write("")
    code, output = repository.review()
    assert (code, changes_of(output)) == (1, "prod: 1 deleted (loses data: db), 0 unchanged")
    assert "deletes the database db with all its data; a final snapshot stays." in output
    repository.write("", acceptDataLoss="[db]")
    code, output = repository.review()
    assert (code, "Accepted: acceptDataLoss (accept_data_loss in Python) includes db." in output) == (0, True)


def test_a_renamed_resource_with_an_alias_is_not_replaced(repository):
    repository.commit("db = database()\ntask(HOST=db.address)")
    repository.write(
        "db = database('main-db', pulumi.ResourceOptions(aliases=[pulumi.Alias('db')]))\ntask(HOST=db.address)"
    )
    code, output = repository.review()
    assert (code, changes_of(output)) == (0, "prod: 1 renamed, 1 unchanged")


def test_a_changed_secret_of_the_stack_is_reported_without_a_key(repository, monkeypatch):
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    body = "database(password=config.require_secret('password'))"
    repository.commit(body, password="{secure: v1:aaaa:bbbb}")
    repository.write(body, password="{secure: v1:cccc:dddd}")
    code, output = repository.review()
    assert code == 0
    assert "password: secret, changed" in output
    assert "cccc" not in output


def test_a_stack_that_the_base_does_not_have_is_new(repository):
    repository.commit(DATABASE)
    (repository.folder / "Pulumi.eu.yaml").write_text("config: {}\n")
    code, output = repository.review("--stack", "eu")
    assert (code, changes_of(output)) == (0, "eu: 1 created, 0 unchanged")
    assert "The stack is new: it does not exist in main (" in output


def test_a_program_in_a_folder_of_the_repository_and_one_next_to_it(repository, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app/size").write_text("20")
    inner = repository.folder / "infrastructure"
    body = "import pathlib; database(allocatedStorage=int(pathlib.Path('../../app/size').read_text()), tags={'a': 'b'})"
    outer = repository.folder
    inner.mkdir()
    repository.folder = inner
    repository.commit(body.replace("../../app", str(tmp_path / "app")))
    repository.write(body.replace("../../app", str(tmp_path / "app")).replace("'b'", "'c'"))
    assert "tags.a: b → c" in repository.review()[1]
    assert outer.is_dir()


def test_a_folder_next_to_the_repository_that_the_stack_names_is_there_for_the_base(repository, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app/size").write_text("20")
    body = "import pathlib; database(allocatedStorage=int(pathlib.Path(config.require('app'), 'size').read_text()))"
    repository.commit(body, app="../app")
    code, output = repository.review()
    assert (code, changes_of(output)) == (0, "prod: 1 unchanged")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--base", "missing"], "--base: 'missing' is not a commit of this clone."),
        (["--base", "--help"], "--base: '--help' is not a commit of this clone."),
        (["--stack", "eu"], "--stack: there is no stack 'eu': "),
        (["--base", "main", "--state", "x"], "--base, --state, --plan: use one of them."),
        (
            ["--output", "report.pdf"],
            "--output: report.pdf must end in .html or .json or .md or .mmd or .sarif or .svg",
        ),
        (["--state", "missing.json"], "--state: missing.json cannot be read: No such file or directory."),
    ],
)
def test_a_review_that_cannot_be_made_gets_one_sentence(repository, options, sentence):
    repository.commit(DATABASE)
    code, output = repository.review(*options)
    assert (code, output.count("\n")) == (2, 1)
    assert sentence in output


def test_a_shallow_clone_is_named_with_the_fix(repository, tmp_path):
    repository.commit(DATABASE)
    repository.write(DATABASE.replace("micro", "small"))
    repository.git("commit", "--all", "--quiet", "--message", "Change")
    repository.git("checkout", "--quiet", "main")
    clone = Repository(tmp_path / "other")
    clone.folder = tmp_path / "clone"
    url = repository.folder.as_uri()
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", "--branch", "change", url, clone.folder], check=True)
    for options in ([], ["--base", "main"]):
        code, output = clone.review(*options)
        assert code == 2
        assert "which is shallow; run `git fetch --unshallow` (fetch-depth: 0 of actions/checkout)" in output


def test_without_a_production_stack_one_must_be_named(repository):
    repository.commit(DATABASE)
    for name in ("a", "b.c"):
        (repository.folder / f"Pulumi.{name}.yaml").write_text("config: {}\n")
    (repository.folder / "Pulumi.prod.yaml").unlink()
    code, output = repository.review()
    assert (code, output) == (2, "--stack: name one of a, b.c; none of them is named prod or production.\n")


def _entry(name="db", **inputs):
    """A resource as in an exported state."""
    return {
        "urn": f"urn:pulumi:prod::shop::aws:rds/instance:Instance::{name}",
        "custom": True,
        "id": f"{name}-1234567",
        "type": "aws:rds/instance:Instance",
        "inputs": {"__defaults": ["identifier", "applyImmediately"], "identifier": f"{name}-1234567", **inputs},
        "outputs": {"address": "db.example.com", "arn": "arn:aws:rds:us-east-1:111122223333:db:db", **inputs},
    }


@pytest.fixture
def against(repository, tmp_path):
    """Review a program against entries of a state, or of a plan."""

    def review(body, *entries, option="--state"):
        repository.write(body)
        file = tmp_path / "file.json"
        plan = {"steps": [{"op": "same", "urn": e["urn"], "oldState": e} for e in entries]}
        state = {"version": 3, "deployment": {"resources": entries}}
        file.write_text(json.dumps(plan if option == "--plan" else state))
        return repository.review(option, str(file))

    return review


@pytest.mark.parametrize("option", ["--state", "--plan"])
def test_an_existing_stack_is_compared_without_its_defaults(against, option):
    entry = _entry(engine="postgres", allocatedStorage=20, tagsAll={"a": "b"})
    body = "database(engine='postgres', allocatedStorage=SIZE)"
    code, output = against(body.replace("SIZE", "20"), entry, option=option)
    assert (code, changes_of(output)) == (0, "prod: 1 unchanged")
    code, output = against(body.replace("SIZE", "30"), entry, option=option)
    assert (code, changes_of(output)) == (0, "prod: 1 in the maintenance window, 0 unchanged")
    assert "allocatedStorage: 20 → 30" in output


def test_a_program_has_the_outputs_of_an_existing_stack(against):
    topic = {
        "urn": "urn:pulumi:prod::shop::aws:sns/topic:Topic::topic",
        "custom": True,
        "id": "t",
        "type": "aws:sns/topic:Topic",
        "inputs": {"displayName": "db.example.com"},
        "outputs": {},
    }
    body = "db = database(engine=ENGINE)\nResource('aws:sns/topic:Topic', 'topic', {'displayName': db.address})"
    entries = [_entry(engine="postgres"), topic]
    code, output = against(body.replace("ENGINE", "'postgres'"), *entries)
    assert (code, changes_of(output)) == (0, "prod: 2 unchanged")
    code, output = against(body.replace("ENGINE", "'mysql'"), *entries)
    assert code == 1
    assert "displayName: db.example.com → ${Instance db.address}" in output


def test_encrypted_secrets_of_a_state_are_not_compared(against):
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:a:b"}
    entry = _entry(engine="postgres", password=secret)
    code, output = against("database(engine='postgres', password=pulumi.Output.secret('quiet'))", entry)
    assert (code, changes_of(output)) == (0, "prod: 1 unchanged")
    assert "Secrets in the state are encrypted, so changed values of secrets are not in this review." in output


def test_the_secrets_of_a_state_in_plain_text_are_compared(against):
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"t0ken"'}
    entry = _entry(engine="postgres", password=secret)
    _, output = against("database(engine='postgres', password=pulumi.Output.secret('quiet'))", entry)
    assert "password: secret, changed" in output
    assert "t0ken" not in output


NEITHER = ["[]", "{}", "not JSON", '{"deployment": 3}', '{"steps": 3}', '{"deployment": {"resources": [{}]}}']


@pytest.mark.parametrize("content", NEITHER)
@pytest.mark.parametrize("option", ["--state", "--plan"])
def test_a_file_of_another_kind_gets_one_sentence(repository, tmp_path, option, content):
    repository.commit(DATABASE)
    (tmp_path / "file.json").write_text(content)
    code, output = repository.review(option, str(tmp_path / "file.json"))
    assert (code, output.count("\n")) == (2, 1)
    assert "file.json" in output


def test_the_state_of_another_stack_is_rejected(against):
    entry = _entry(engine="postgres")
    entry["urn"] = entry["urn"].replace(":prod:", ":dev:")
    assert against("database()", entry) == (2, "--stack: the state in file.json is of the stack dev and not of prod.\n")


def test_the_picture_and_the_page_show_the_change_and_no_secret(repository):
    body = """
database(vpcSecurityGroupIds=["sg-1"], password=config.require_secret('password'))
task(HOST="a")
Resource("aws:s3/bucket:Bucket", "media")
"""
    repository.commit(body, password="{secure: v1:aaaa:bbbb}")
    repository.write(body.replace("media", "files"), password="{secure: v1:aaaa:bbbb}")
    for output_format, words in {
        "svg": ("<svg ", ">loses data<", ">new<", ">db<"),
        "mermaid": ("flowchart LR", "LOSES DATA", "NEW", "db"),
        "html": ("<!doctype html>", 'href="#change-1"', ">loses data<", 'id="change-1"'),
    }.items():
        code, output = repository.review("--format", output_format)
        assert (code, [word for word in words if word not in output]) == (1, [])
        assert "aaaa" not in output


def test_the_picture_against_a_state_connects_what_exists(repository, tmp_path):
    """The program then runs with the actual ids."""
    prefix = "urn:pulumi:prod::shop::"
    rule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    resources = [("aws:ec2/securityGroup:SecurityGroup", "group", {}), ("aws:rds/instance:Instance", "db", {})]
    state = [
        {"urn": f"{prefix}{kind}::{name}", "custom": True, "type": kind, "id": f"{name}-0a1b", "inputs": inputs,
         "outputs": {"id": f"{name}-0a1b"}}
        for kind, name, inputs in resources
    ]  # fmt: skip
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"deployment": {"resources": state}}))
    repository.write(f"""
group = Resource("aws:ec2/securityGroup:SecurityGroup", "group")
Resource("aws:rds/instance:Instance", "db", {{"vpcSecurityGroupIds": [group.id]}})
Resource("{rule}", "in", {{"securityGroupId": group.id, "cidrIpv4": "0.0.0.0/0", "fromPort": 5432, "toPort": 5432}})
""")
    _, output = repository.review("--state", str(file), "--format", "mermaid")
    assert '-->|"5432, NEW"|' in output
