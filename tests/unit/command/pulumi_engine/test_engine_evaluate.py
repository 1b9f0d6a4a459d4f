"""Real programs, run by Pulumi's own runtime in a process of their own."""

import sys
from pathlib import Path

import pytest
from flask_on_aws_cli.pulumi_engine import EngineError, evaluate
from flask_on_aws_cli.pulumi_engine.model.values import UNKNOWN, Secret

from tests.engine_programs import write_program
from tests.golden_names import golden_names


@pytest.fixture
def graph(tmp_path):
    def run(body, stack="config: {}", **options):
        return evaluate(write_program(tmp_path / "program", body, stack), "local", Path(sys.executable), **options)

    return run


def named(graph, name):
    (found,) = [resource for resource in graph.resources if resource.name == name]
    return found


def test_resources_come_with_parents_inputs_and_dependencies(graph):
    found = graph("""
group = Group("g")
first = Thing("test:index:A", "first", {"size": 3}, pulumi.ResourceOptions(parent=group), outputs=["code"])
Thing("test:index:B", "second", {"code": first.code, "sizes": [first.size], "id": first.id},
      pulumi.ResourceOptions(depends_on=[first], protect=True, ignore_changes=["code"]))
pulumi.export("size", first.size)
pulumi.export("code", first.code)
""")
    first, second = named(found, "first"), named(found, "second")
    assert first.urn == "urn:pulumi:local::shop::test:index:Group$test:index:A::first"
    assert first.parent == named(found, "g").urn
    assert first.inputs == {"size": 3}
    assert second.inputs == {"code": UNKNOWN, "sizes": [3], "id": UNKNOWN}
    assert second.dependencies == [first.urn]
    assert second.property_dependencies["sizes"] == [first.urn]
    assert (second.options.protect, second.options.ignore_changes) == (True, ["code"])
    assert found.outputs == {"size": 3, "code": UNKNOWN}
    assert [r.name for r in found.custom()] == ["first", "second"]


def test_secrets_are_marked(graph):
    found = graph("""
config = pulumi.Config()
Thing("test:index:A", "a", {"key": pulumi.Output.secret("x"), "nested": {"token": pulumi.Output.secret("quiet")}})
pulumi.export("key", pulumi.Output.secret("z"))
""")
    assert named(found, "a").inputs["key"] == Secret("x")
    assert "quiet" not in repr(named(found, "a").inputs)
    assert found.outputs == {"key": Secret("z")}


def test_the_program_sees_its_stack_project_configuration_and_folder(graph):
    found = graph(
        """
import os
config = pulumi.Config()
Thing("test:index:A", "a", {"all": [pulumi.get_stack(), pulumi.get_project(), config.require("size"),
      pulumi.runtime.is_dry_run(), os.path.exists("Pulumi.yaml"), config.require_object("list")]})
""",
        "config: {size: 4, list: [1, 2]}",
    )
    assert named(found, "a").inputs["all"] == ["local", "shop", "4", True, True, [1, 2]]


def test_options_that_decide_a_resources_fate(graph):
    found = graph("""
Thing("test:index:A", "a", {}, pulumi.ResourceOptions(retain_on_delete=True, delete_before_replace=False,
      replace_on_changes=["x"], aliases=[pulumi.Alias(name="before")], additional_secret_outputs=["key"]))
""")
    options = named(found, "a").options
    assert options.retain_on_delete
    assert options.delete_before_replace is False
    assert options.replace_on_changes == ["x"]
    assert options.aliases == ["urn:pulumi:local::shop::test:index:A::before"]
    assert options.additional_secret_outputs == ["key"]


def test_modules_beside_the_program_come_before_the_engines_own(graph, tmp_path):
    folder = write_program(tmp_path / "program", "import values\nThing('test:index:A', 'a', {'x': values.X})")
    (folder / "values.py").write_text("X = 'the users own'")
    found = evaluate(folder, "local", Path(sys.executable))
    assert named(found, "a").inputs == {"x": "the users own"}


def test_hooks_for_previews_are_registered_by_name(graph):
    found = graph("""
def refuse(args): raise ValueError("no")
hook = pulumi.ResourceHook("h", refuse)
Thing("test:index:A", "a", {}, pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[hook])))
""")
    assert named(found, "a").options.hooks == {"before_create": ["h"]}


def test_messages_and_prints_of_the_program_are_passed_on(graph):
    messages = []
    graph(
        "pulumi.log.warn('careful')\npulumi.log.info('note')\nprint('printed')",
        log=lambda severity, text: messages.append((severity, text)),
    )
    assert {("warning", "careful"), ("info", "note"), ("info", "printed")} <= set(messages)


def test_a_run_error_is_told_without_a_traceback(graph):
    with pytest.raises(EngineError) as failed:
        graph("raise pulumi.RunError('Set the domain.')")
    assert str(failed.value) == "Set the domain."


def test_another_error_is_told_with_the_programs_own_lines(graph):
    with pytest.raises(EngineError) as failed:
        graph("def broken():\n    raise KeyError('zone')\nbroken()")
    assert "KeyError: 'zone'" in str(failed.value)
    assert "__main__.py" in str(failed.value)
    assert "runpy" not in str(failed.value)


def test_an_error_in_an_output_fails_the_run(graph):
    with pytest.raises(EngineError, match="ZeroDivisionError"):
        graph("Thing('test:index:A', 'a', {'x': pulumi.Output.from_input(0).apply(lambda n: 1 / n)})")


def test_exiting_early_fails_the_run(graph):
    with pytest.raises(EngineError, match="exited with status 7"):
        graph("import sys\nprint('why')\nsys.exit(7)")


def test_two_resources_of_one_name_are_refused(graph):
    with pytest.raises(EngineError, match="test:index:A a is registered twice"):
        graph("Thing('test:index:A', 'a')\nThing('test:index:A', 'a')")


def test_an_unknown_data_source_is_named(graph):
    with pytest.raises(EngineError, match="The data source test:index:get is not supported"):
        graph("pulumi.export('x', pulumi.runtime.invoke('test:index:get', {}).value)")


def test_data_sources_can_be_answered_by_the_caller(graph):
    found = graph(
        "pulumi.export('x', pulumi.runtime.invoke('test:index:get', {'of': 'it'}).value)",
        answers={"test:index:get": lambda args: {"name": f"{args['of']}!"}},
    )
    assert found.outputs == {"x": {"name": "it!"}}


def test_a_missing_interpreter_is_named(tmp_path):
    folder = write_program(tmp_path / "program", "")
    with pytest.raises(EngineError, match="The interpreter /nowhere/python cannot be started"):
        evaluate(folder, "local", Path("/nowhere/python"))


def test_plugin_components_are_refused_by_name(graph):
    with pytest.raises(EngineError, match="pkg:index:Remote r is a component of a plugin"):
        graph("pulumi.ComponentResource('pkg:index:Remote', 'r', {}, None, True)")


def test_another_stacks_outputs_are_refused_by_name(graph):
    with pytest.raises(EngineError, match="The outputs of the stack org/shop/prod are stored in Pulumi's backend"):
        graph("pulumi.StackReference('org/shop/prod')")


def test_resources_of_an_explicit_provider(graph):
    found = graph("""
provider = pulumi.ProviderResource("test", "west", {"region": "us-west-2"})
Thing("test:index:A", "a", {}, pulumi.ResourceOptions(provider=provider))
""")
    assert named(found, "west").type == "pulumi:providers:test"
    assert named(found, "a").custom


def test_the_whole_default_program_needs_no_account():
    found = evaluate(Path(__file__).parents[4], "dev", Path(sys.executable))
    golden = Path(__file__).parents[3] / "golden" / "resources-development.txt"
    around = ("pulumi:pulumi:Stack", "flask-on-aws:index:FixedSettings")  # beside the app
    registered = golden_names(f"{r.type} {r.name}" for r in found.resources if r.type not in around)
    assert registered == golden.read_text()
    assert found.outputs["clusterName"].startswith("app-cluster-")
    assert found.outputs["url"] is UNKNOWN
