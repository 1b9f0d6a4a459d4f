"""The page docs/tested-combinations.md, from the parameters of the tests that it names."""

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from flask_on_aws.database.engines import ALL_ENGINES

from tests.apps.combinations import COMBINATIONS, Combination
from tests.local.test_contract import ENGINES, NIGHTLY
from tests.reliability import test_servers
from tests.reliability.servers import COMMANDS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tested-combinations.md"
_INTRODUCTION = """# What is tested: frameworks, servers and databases

This page is generated from the tests. Each cell has the parameter of the test that the list above its table names, and
the outcome where there are several. To run one of them:
`./test 'tests/preflight/test_combinations.py::test_the_app_passes_the_preflight[Flask-waitress]'`.

## Frameworks and servers

Each framework runs with every server that can load its app, with the start command that `flask-on-aws plan` proposes.
"""
_DATABASES = """
## Databases

The engines of RDS, Aurora and DocumentDB exist on AWS alone, so no test of this repository connects to them. Pulumi's
engine plans them with the real provider, and the app runs here on PostgreSQL, MariaDB or FerretDB, over TLS with a
certificate that it verifies.
"""


class Test(NamedTuple):
    """A column: a test, which runs with a parameter of each row."""

    title: str
    node: str
    """Its file and function."""
    when: str = "`./test all`"


class Row(NamedTuple):
    """A row: what is combined, and the text of each cell."""

    subjects: tuple[str, ...]
    cells: tuple[str, ...]


_SERVERS = "tests/reliability/test_servers.py::"
FRAMEWORK_TESTS = (
    Test("plan", "tests/unit/library/build_plan/test_combinations.py::test_the_plan_proposes_the_server", "`./test`"),
    Test("preflight", "tests/preflight/test_combinations.py::test_the_app_passes_the_preflight", "nightly"),
    Test("`./up`", "tests/local/test_combinations.py::test_the_app_serves", "nightly"),
    Test("idle connections", f"{_SERVERS}test_a_server_keeps_idle_connections_longer_than_the_load_balancer"),
    Test("address and scheme", f"{_SERVERS}test_no_address_or_scheme_that_a_visitor_sends_is_believed"),
    Test("SIGTERM", f"{_SERVERS}test_a_server_finishes_its_requests_after_sigterm"),
)
DATABASE_TESTS = (
    Test("plan by Pulumi's engine: RDS", "tests/e2e/test_setting_values.py::test_every_engine_is_planned"),
    Test("plan by Pulumi's engine: Aurora", "tests/e2e/test_setting_values.py::test_every_aurora_engine_is_planned"),
    Test("plan by Pulumi's engine: DocumentDB", "tests/e2e/test_setting_values.py::test_documentdb_is_planned"),
    Test(
        "app in `./up`",
        "tests/local/test_contract.py::test_every_kind_of_task_has_the_complete_runtime_contract",
        "`./test all`, for MySQL and Aurora MySQL nightly; as processes and in containers",
    ),
    Test("drivers", "tests/local/test_mysql_drivers.py::test_the_url_verifies_the_servers_certificate_and_its_host"),
)


def page() -> str:
    """The whole page."""
    frameworks = list(_framework_rows())
    lines = [
        _INTRODUCTION,
        *_list(FRAMEWORK_TESTS),
        "",
        *_table(("framework", "server", *(test.title for test in FRAMEWORK_TESTS)), frameworks),
        "",
        "Where the address is the load balancer's, the app reads the headers itself: see",
        "[Python frameworks](frameworks.md). [Python servers](servers.md) explains each outcome.",
        _DATABASES,
        *_list(DATABASE_TESTS),
        "",
        *_table(("`database`", "planned as", "app in `./up`", "served here by"), list(_database_rows())),
    ]
    return "\n".join(lines) + "\n"


def _framework_rows() -> Iterator[Row]:
    for name, combination in COMBINATIONS.items():
        outcomes = (f"{outcome(combination)}: `{combination.server}`" for outcome in _OUTCOMES)
        yield Row((combination.framework, combination.server), (*(3 * (f"`{name}`",)), *outcomes))


def _idle(_: Combination) -> str:
    return "kept"


def _address(combination: Combination) -> str:
    return "the load balancer's" if combination.server in test_servers.IGNORE_HEADERS else "no forged one"


def _sigterm(combination: Combination) -> str:
    return "cuts off" if combination.server in test_servers.CUT_OFF else "finishes"


_OUTCOMES: tuple[Callable[[Combination], str], ...] = (_idle, _address, _sigterm)


def _database_rows() -> Iterator[Row]:
    planned = {first: test for test in DATABASE_TESTS[:2] for first in parameters(test.node)}
    own = {"documentdb": "planned"}  # by a test of its own, without parameters
    for engine in ALL_ENGINES:
        plan = own.get(engine) or (f"`{engine}`" if engine in planned else "not tested")
        runs = f"`{engine}`" if engine in ENGINES else "not tested"
        product = "PostgreSQL" if "postgres" in engine else "FerretDB" if engine == "documentdb" else "MariaDB"
        served = product if engine in ENGINES else ""
        if engine in NIGHTLY:
            served += f", not {NIGHTLY[engine]}: test its own features on AWS"
        elif engine.startswith("aurora"):
            served += ": it neither scales nor pauses"
        yield Row((f"`{engine}`",), (plan, runs, served or "cannot run here"))


def _list(tests: tuple[Test, ...]) -> list[str]:
    return [f"- **{test.title}** ({test.when}): `{test.node}`" for test in tests]


def _table(titles: tuple[str, ...], rows: list[Row]) -> list[str]:
    lines = [titles, tuple("---" for _ in titles), *((*row.subjects, *row.cells) for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def functions(file: str) -> Mapping[str, ast.FunctionDef]:
    """The functions of a file of tests."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def parameters(node: str) -> list[str]:
    """The first parameter of each row of a test, whose rows are written at the test itself."""
    file, _, name = node.partition("::")
    for decorator in functions(file)[name].decorator_list:
        if isinstance(decorator, ast.Call) and isinstance(decorator.args[-1], ast.List):
            return [str(ast.literal_eval(row)[0]) for row in decorator.args[-1].elts]
    return []


def parameter_tables() -> Mapping[str, Mapping[str, object]]:
    """The tests whose parameters are the keys of a table, with the table."""
    plan, preflight, up, *servers = (test.node for test in FRAMEWORK_TESTS)
    return {**dict.fromkeys((plan, preflight, up), COMBINATIONS), **dict.fromkeys(servers, COMMANDS)}
