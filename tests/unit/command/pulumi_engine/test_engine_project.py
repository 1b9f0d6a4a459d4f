import importlib.util
import json

import pytest
from flask_on_aws_cli.pulumi_engine import EngineError
from flask_on_aws_cli.pulumi_engine.program.project import read_project

PROJECT = """
name: shop
runtime: python
config:
  tasks: {type: integer, default: 2}
  zones: {type: array, items: {type: string}, default: []}
  debug: {type: boolean, default: false}
  unset: {type: string}
  plain: text
  aws:defaultTags: {value: {tags: {team: web}}}
"""
# Written by `pulumi config set --secret` with the passphrase "correct horse"; the values are "hunter2" and "nested".
ENCRYPTED = """
encryptionsalt: v1:/Gp7CD492t8=:v1:bQzusOxxO56Tegwa:a4/zUEm9Wbf9woAK8/RFbN6mSZbIjQ==
config:
  shop:password: {secure: "v1:TaCSRGejjNZNM2Yh:s/AcfW/wWueYo2UgREoN+TP8BGvSqkw="}
  shop:object: {a: [{secure: "v1:YTvp8Xu1ybgxTkja:DzaoDzr9fWL8hF1amBpeBuTKl9IiMQ=="}], b: 1}
"""


@pytest.fixture
def project(tmp_path):
    def write(stack=None, text=PROJECT):
        (tmp_path / "Pulumi.yaml").write_text(text)
        if stack is not None:
            (tmp_path / "Pulumi.local.yaml").write_text(stack)
        return tmp_path

    return write


def test_defaults_values_and_plain_entries_of_pulumi_yaml(project):
    result = read_project(project(), "local")
    assert dict(result.config) == {
        "shop:tasks": "2",
        "shop:zones": "[]",
        "shop:debug": "false",
        "shop:plain": "text",
        "aws:defaultTags": '{"tags":{"team":"web"}}',
    }
    assert result.secret_keys == frozenset()


def test_stack_values_override_with_and_without_a_namespace(project):
    result = read_project(project("config:\n  shop:tasks: 5\n  plain: other\n  aws:region: eu-west-1\n"), "local")
    assert result.config["shop:tasks"] == "5"
    assert result.config["shop:plain"] == "other"
    assert result.config["aws:region"] == "eu-west-1"


def test_words_that_are_booleans_in_yaml_1_1_alone_are_texts_as_for_pulumi(project):
    words = ["off", "on", "Yes", "no", "y", "truest"]
    text = "config:\n" + "".join(f"  {key}: {word}\n" for key, word in zip("abcdef", words, strict=True))
    config = read_project(project(f"{text}  yes: True\n  no: false\n"), "local").config
    assert [config[f"shop:{key}"] for key in "abcdef"] == words
    assert (config["shop:yes"], config["shop:no"]) == ("true", "false")


def test_another_stacks_file_is_not_read(project):
    assert read_project(project("config: {shop:tasks: 5}"), "dev").config["shop:tasks"] == "2"


def test_main_sets_the_program_s_folder(project):
    assert read_project(project(text="name: shop\nmain: infra\n"), "local").program.name == "infra"


@pytest.mark.parametrize(
    ("text", "stack", "sentence"),
    [
        ("runtime: python", None, "has no name"),
        ("name: [", None, "cannot be read"),
        ("- a", None, "must be a mapping of names to values"),
        ("name: shop", "environment: [prod]", "Pulumi Cloud environments"),
    ],
)
def test_invalid_files_are_reported(project, text, stack, sentence):
    with pytest.raises(EngineError, match=sentence):
        read_project(project(stack, text), "local")


def test_a_missing_project_is_named(tmp_path):
    with pytest.raises(EngineError, match=r"There is no .*Pulumi\.yaml"):
        read_project(tmp_path, "local")


def test_a_secret_without_a_passphrase_is_named(project, monkeypatch):
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    folder = project("encryptionsalt: v1:AAAA:v1:AAAA:AAAA\nconfig: {shop:password: {secure: v1:AAAA:AAAA}}")
    with pytest.raises(EngineError, match=r"The secret shop:password in .*: there is no passphrase\. Set PULUMI"):
        read_project(folder, "local")


def test_a_secret_of_another_provider_is_named(project):
    folder = project("secretsprovider: awskms://x\nconfig: {shop:password: {secure: AAAA}}")
    with pytest.raises(EngineError, match=r"The secret shop:password in .*not encrypted with a passphrase"):
        read_project(folder, "local")


@pytest.mark.skipif(
    importlib.util.find_spec("cryptography") is None, reason="the package cryptography is not installed"
)
class TestDecryption:
    """With values that the Pulumi CLI encrypted."""

    @pytest.fixture
    def folder(self, project):
        return project(ENCRYPTED)

    def test_secrets_are_decrypted_at_every_depth(self, folder, monkeypatch):
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "correct horse")
        result = read_project(folder, "local")
        assert result.config["shop:password"] == "hunter2"
        assert json.loads(result.config["shop:object"]) == {"a": ["nested"], "b": 1}
        assert result.secret_keys == {"shop:password", "shop:object"}

    def test_the_passphrase_may_be_in_a_file(self, folder, monkeypatch):
        monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
        (folder / "passphrase").write_text("correct horse\n")
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", str(folder / "passphrase"))
        assert read_project(folder, "local").config["shop:password"] == "hunter2"

    def test_a_wrong_passphrase_is_reported(self, folder, monkeypatch):
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "battery staple")
        with pytest.raises(EngineError, match="not the stack's passphrase"):
            read_project(folder, "local")
