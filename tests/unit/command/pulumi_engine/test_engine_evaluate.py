"""Real programs, run by Pulumi's runtime in a separate process."""

import subprocess
import sys
from pathlib import Path

import pytest
from flask_on_aws_cli.pulumi_engine import EngineError, evaluate
from flask_on_aws_cli.pulumi_engine.model.values import UNKNOWN, Secret

from tests.engine_programs import write_program
from tests.golden_names import golden_names


@pytest.fixture
def evaluate_body(tmp_path):
    def run(body, stack="config: {}", **options):
        return evaluate(write_program(tmp_path / "program", body, stack), "local", Path(sys.executable), **options)

    return run


def named(graph, name):
    (match,) = [resource for resource in graph.resources if resource.name == name]
    return match


def test_resources_have_parents_inputs_and_dependencies(evaluate_body):
    graph = evaluate_body("""
group = Group("g")
first = Custom("test:index:A", "first", {"size": 3}, pulumi.ResourceOptions(parent=group), outputs=["code"])
Custom("test:index:B", "second", {"code": first.code, "sizes": [first.size], "id": first.id},
      pulumi.ResourceOptions(depends_on=[first], protect=True, ignore_changes=["code"]))
pulumi.export("size", first.size)
pulumi.export("code", first.code)
""")
    first, second = named(graph, "first"), named(graph, "second")
    assert first.urn == "urn:pulumi:local::shop::test:index:Group$test:index:A::first"
    assert first.parent == named(graph, "g").urn
    assert first.inputs == {"size": 3}
    assert second.inputs == {"code": UNKNOWN, "sizes": [3], "id": UNKNOWN}
    assert second.dependencies == [first.urn]
    assert second.property_dependencies["sizes"] == [first.urn]
    assert (second.options.protect, second.options.ignore_changes) == (True, ["code"])
    assert graph.outputs == {"size": 3, "code": UNKNOWN}
    assert [r.name for r in graph.custom()] == ["first", "second"]


def test_secrets_are_marked(evaluate_body):
    graph = evaluate_body("""
config = pulumi.Config()
Custom("test:index:A", "a", {"key": pulumi.Output.secret("x"), "nested": {"token": pulumi.Output.secret("quiet")}})
pulumi.export("key", pulumi.Output.secret("z"))
""")
    assert named(graph, "a").inputs["key"] == Secret("x")
    assert "quiet" not in repr(named(graph, "a").inputs)
    assert graph.outputs == {"key": Secret("z")}


def test_the_program_sees_its_stack_project_configuration_and_folder(evaluate_body):
    graph = evaluate_body(
        """
import os
config = pulumi.Config()
Custom("test:index:A", "a", {"all": [pulumi.get_stack(), pulumi.get_project(), config.require("size"),
      pulumi.runtime.is_dry_run(), os.path.exists("Pulumi.yaml"), config.require_object("list")]})
""",
        "config: {size: 4, list: [1, 2]}",
    )
    assert named(graph, "a").inputs["all"] == ["local", "shop", "4", True, True, [1, 2]]


def test_options_that_affect_replacement_and_deletion(evaluate_body):
    graph = evaluate_body("""
Custom("test:index:A", "a", {}, pulumi.ResourceOptions(retain_on_delete=True, delete_before_replace=False,
      replace_on_changes=["x"], aliases=[pulumi.Alias(name="before")], additional_secret_outputs=["key"]))
""")
    options = named(graph, "a").options
    assert options.retain_on_delete
    assert options.delete_before_replace is False
    assert options.replace_on_changes == ["x"]
    assert options.aliases == ["urn:pulumi:local::shop::test:index:A::before"]
    assert options.additional_secret_outputs == ["key"]


def test_modules_in_the_program_s_folder_take_precedence_over_the_engine_s(evaluate_body, tmp_path):
    folder = write_program(tmp_path / "program", "import values\nCustom('test:index:A', 'a', {'x': values.X})")
    (folder / "values.py").write_text("X = 'of the program'")
    graph = evaluate(folder, "local", Path(sys.executable))
    assert named(graph, "a").inputs == {"x": "of the program"}


def test_hooks_for_previews_are_registered_by_name(evaluate_body):
    graph = evaluate_body("""
def refuse(args): raise ValueError("no")
hook = pulumi.ResourceHook("h", refuse)
Custom("test:index:A", "a", {}, pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[hook])))
""")
    assert named(graph, "a").options.hooks == {"before_create": ["h"]}


def test_the_program_s_messages_and_output_are_logged(evaluate_body):
    messages = []
    evaluate_body(
        "pulumi.log.warn('careful')\npulumi.log.info('note')\nprint('printed')",
        log=lambda severity, text: messages.append((severity, text)),
    )
    assert {("warning", "careful"), ("info", "note"), ("info", "printed")} <= set(messages)


def test_grpc_logs_nothing_but_errors_unless_asked_to(evaluate_body, monkeypatch):
    body = "import os\npulumi.export('verbosity', os.environ['GRPC_VERBOSITY'])"
    monkeypatch.delenv("GRPC_VERBOSITY", raising=False)
    assert evaluate_body(body).outputs == {"verbosity": "ERROR"}
    monkeypatch.setenv("GRPC_VERBOSITY", "DEBUG")
    assert evaluate_body(body).outputs == {"verbosity": "DEBUG"}


def test_a_run_error_is_reported_without_a_traceback(evaluate_body):
    with pytest.raises(EngineError) as failed:
        evaluate_body("raise pulumi.RunError('Set the domain.')")
    assert str(failed.value) == "Set the domain."


def test_other_errors_are_reported_with_the_program_s_own_traceback(evaluate_body):
    with pytest.raises(EngineError) as failed:
        evaluate_body("def broken():\n    raise KeyError('zone')\nbroken()")
    assert "KeyError: 'zone'" in str(failed.value)
    assert "__main__.py" in str(failed.value)
    assert "runpy" not in str(failed.value)


def test_an_error_in_an_output_fails_the_run(evaluate_body):
    with pytest.raises(EngineError, match="ZeroDivisionError"):
        evaluate_body("Custom('test:index:A', 'a', {'x': pulumi.Output.from_input(0).apply(lambda n: 1 / n)})")


def test_exiting_early_fails_the_run(evaluate_body):
    with pytest.raises(EngineError, match="exited with status 7"):
        evaluate_body("import sys\nprint('why')\nsys.exit(7)")


def test_two_resources_with_the_same_name_are_rejected(evaluate_body):
    with pytest.raises(EngineError, match="test:index:A a is registered twice"):
        evaluate_body("Custom('test:index:A', 'a')\nCustom('test:index:A', 'a')")


def test_an_unsupported_data_source_is_rejected_by_name(evaluate_body):
    with pytest.raises(EngineError, match="The data source test:index:get is not supported"):
        evaluate_body("pulumi.export('x', pulumi.runtime.invoke('test:index:get', {}).value)")


def test_the_caller_can_answer_data_sources(evaluate_body):
    graph = evaluate_body(
        "pulumi.export('x', pulumi.runtime.invoke('test:index:get', {'of': 'it'}).value)",
        answers={"test:index:get": lambda args: {"name": f"{args['of']}!"}},
    )
    assert graph.outputs == {"x": {"name": "it!"}}


def test_a_missing_interpreter_is_named(tmp_path):
    folder = write_program(tmp_path / "program", "")
    with pytest.raises(EngineError, match="The interpreter /nowhere/python cannot be started"):
        evaluate(folder, "local", Path("/nowhere/python"))


def test_plugin_components_are_rejected_by_name(evaluate_body):
    with pytest.raises(EngineError, match="pkg:index:Remote r is a component of a plugin"):
        evaluate_body("pulumi.ComponentResource('pkg:index:Remote', 'r', {}, None, True)")


def test_stack_references_are_rejected_by_name(evaluate_body):
    with pytest.raises(EngineError, match="The outputs of the stack org/shop/prod are stored in Pulumi's backend"):
        evaluate_body("pulumi.StackReference('org/shop/prod')")


def test_resources_of_an_explicit_provider(evaluate_body):
    graph = evaluate_body("""
provider = pulumi.ProviderResource("test", "west", {"region": "us-west-2"})
Custom("test:index:A", "a", {}, pulumi.ResourceOptions(provider=provider))
""")
    assert named(graph, "west").type == "pulumi:providers:test"
    assert named(graph, "a").custom


def test_the_default_program_needs_no_account():
    graph = evaluate(Path(__file__).parents[4], "dev", Path(sys.executable))
    golden = Path(__file__).parents[3] / "golden" / "resources-development.txt"
    outside = ("pulumi:pulumi:Stack", "flask-on-aws:index:FixedSettings")  # not part of the app component
    registered = golden_names(f"{r.type} {r.name}" for r in graph.resources if r.type not in outside)
    assert registered == golden.read_text()
    assert graph.outputs["clusterName"].startswith("app-cluster-")
    assert graph.outputs["url"] is UNKNOWN


def test_what_applies_a_graph_is_imported_on_first_use_and_stays_a_function():
    """Evaluating needs no clients of AWS. A module of the same name would hide the function."""
    check = (
        "import sys, flask_on_aws_cli.pulumi_engine as engine\n"
        "assert 'boto3' not in sys.modules\n"
        "import flask_on_aws_cli.pulumi_engine.session\n"
        "for name in engine.__all__:\n"
        "    assert getattr(engine, name) is getattr(engine, name)\n"
        "assert all(callable(getattr(engine, name)) for name in ('apply', 'destroy', 'evaluate', 'state_file'))\n"
    )
    subprocess.run([sys.executable, "-c", check], check=True)
