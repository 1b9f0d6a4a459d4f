"""pulumi_aws whose modules are imported when they are used is the same to a program as one that imports all of them."""

import json
import subprocess
import sys
from pathlib import Path

import flask_on_aws_cli.pulumi_engine.program.lazy_packages as lazy_packages
import pulumi_aws
import pytest

INSTALL = f"import runpy; runpy.run_path({lazy_packages.__file__!r})['install'](); "
# The names of packages, with the module and the kind of each.
NAMES = """
import json, sys, pulumi_aws
found = {}
for service in ("cognito", "ssm", "elasticache"):
    package = getattr(pulumi_aws, service)
    hasattr(package, "Nothing")  # pulumi_aws loads a package at the first use of an attribute
    names = [name for name in dir(package) if not name.startswith("__")]
    found[service] = {name: (type(getattr(package, name)).__name__, getattr(getattr(package, name), "__module__", ""))
                      for name in names}
print(json.dumps(found))
"""


def output(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_package_has_the_same_names_with_the_same_values():
    eager, lazy = json.loads(output(NAMES)), json.loads(output(INSTALL + NAMES))
    assert lazy == eager
    kinds = {kind for names in eager.values() for kind, _ in names.values()}
    assert {"function", "module", "type"} <= kinds


# Each form of an import, of a package of its own.
FORMS = """
import inspect, sys
import pulumi_aws as aws
import pulumi_aws.ecr.get_repository
from pulumi_aws.sns import Topic, get_topic
from pulumi_aws.efs import *
from pulumi_aws.sqs.queue import Queue
import pulumi_aws.kms as keys

aws.ec2.Vpc
print(sum("pulumi_aws.ec2." in name for name in sys.modules), "module of ec2")
# The module has been imported before the function of the same name is used.
print(*(type(each).__name__ for each in (aws.ecr.get_repository, aws.ecr.Repository, get_topic, Topic, Queue)))
print(outputs.__name__, keys.Key.__name__, aws.ssm._inputs.__name__, hasattr(aws.ssm, "Nothing"))
print(inspect.getsource(aws.ssm).splitlines()[0])
"""


def test_each_form_of_an_import_works_and_only_modules_that_are_used_are_imported():
    assert output(INSTALL + FORMS).splitlines() == [
        "1 module of ec2",
        "function type function type type",
        "pulumi_aws.efs.outputs Key pulumi_aws.ssm._inputs False",
        "# coding=utf-8",
    ]


def test_every_package_that_has_only_imports_is_lazy():
    packages = sorted(Path(pulumi_aws.__file__).parent.glob("*/__init__.py"))
    eager = [path.parent.name for path in packages if lazy_packages._contents(path) is None]
    assert len(packages) > 200
    assert eager == ["config"]


@pytest.mark.parametrize(
    ("init", "module"),
    [("import os\nNAME = 1\n", None), ("from .a import *\n", "NAME = 1\n"), ("from .b import *\n", "")],
)
def test_a_package_with_more_than_imports_is_imported_as_usual(tmp_path, init, module):
    (tmp_path / "__init__.py").write_text(init)
    (tmp_path / "a.py").write_text(module or "")
    assert lazy_packages._contents(tmp_path / "__init__.py") is None
