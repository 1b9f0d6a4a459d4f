"""No key of a source is dropped silently: it changes the draft, or a table here says why not."""

import copy
import re

import pytest
from flask_on_aws_cli.importers.formats import read_drafts
from flask_on_aws_cli.importers.reading.files import read_file
from flask_on_aws_cli.importers.reading.source import InputError

from tests.unit.command.importers.import_runs import DOCUMENTS, IMPORTS, SOURCES, dump, load, make_project

# Keys that change nothing: names, descriptions, what another key of the same entry decides, and values that are the
# default of both platforms.
SILENT = {
    "app": r"version|run\.runtime-version",
    # Three services have the same variables and the same build.
    "compose-shop": r"name|(?:x-.*|volumes|secrets)(?:\..*)?"
    r"|services\.\w+\.(?:environment\..*|build\.context|healthcheck\.test\.[012]|depends_on\.db\.condition)",
    # What other keys refer to is reported there, and so is a database, at its place in the first file.
    "compose-override": r"version|networks|services\.(?:db\b.*|app\.(?:expose\.0|ports\.0\.published))",
    "compose": r"name|version|(?:x-.*|networks|volumes|secrets)(?:\..*)?",
    "copilot": r"(?:environments\.\w+\.)?(?:name|type|http\.path|http\.healthcheck\.path)",
    "copilot-legacy": r"name|type|(?:environments\.live\.)?(?:http|variables)\..*",  # the environment overrides them
    "fly": r"app",
    "heroku": r"(?:.*\.)?(?:name|description|stack|generator|required)|formation\.clock\.quantity",
    "kamal": r"service|builder\.context|servers\..*\.hosts\..*",
    "platform": r"name|.*\.type",
    "railway": r"\$schema",
    "render": r"(?:.*\.)?(?:name|type|property|description|runtime|generateValue|dockerfilePath|databaseName)"
    r"|services\.\d\.(?:branch|autoDeploy)",
    "upsun": r".*\.(?:source_path|endpoint|socket_family|upstream|type)",
}
# Copilot writes `.workspace` itself, and most of an addon's template describes what its resource needs.
ROWS = [
    (source, file) for source, files in DOCUMENTS.items() for file in files if not re.search("workspace|addons", file)
]


def drafted(folder, source):
    """The drafts of a folder; a sentence if it cannot be imported."""
    service = dict(zip(IMPORTS[source][::2], IMPORTS[source][1::2], strict=True)).get("--service", "")
    try:
        return read_drafts(folder, "", service)
    except InputError as error:
        return str(error)


def contents(drafts):
    """What is in drafts, without the numbers of lines, which a change moves."""
    if isinstance(drafts, str):
        return drafts
    return [
        (
            *(draft.stack, draft.app, draft.values, draft.notes),
            {name: variable.value for name, variable in draft.variables.items()},
            [entry[1:] for entry in (*draft.carried, *draft.lost)],
            [need.entry[1:] for need in draft.needs],
        )
        for draft in drafts
    ]


def leaves(value, path=()):
    """The path of every value that has no parts."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))
    elif value is not None:
        yield path


def mappings(value, path=()):
    if isinstance(value, dict):
        yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from mappings(item, (*path, key))


def at(document, path):
    for key in path:
        document = document[key]
    return document


def is_lost_as_a_whole(path, mapping, drafts):
    """Whether a mapping, or one that it is part of, is among what cannot be carried over."""
    value = read_file(path)
    places = {value.place}
    for key in mapping:
        value = value.mapping()[str(key)] if value.is_mapping else value.items()[key]
        places.add(value.place)
    entries = [entry for draft in drafts for entry in draft.lost]
    # A database is carried over as a whole, as its name and address are the stack's own.
    entries += [entry for draft in drafts for entry in draft.carried if "are the stack's own" in entry.text]
    return any(entry.place in places for entry in entries)


@pytest.mark.parametrize(("source", "file"), ROWS, ids=lambda value: value)
def test_a_key_that_is_removed_changes_the_draft(tmp_path, source, file):
    folder = make_project(tmp_path, source) / source
    document = load((SOURCES / source / file).read_text(), file)
    path = folder / file
    path.write_text(dump(document, file))
    whole, silent = drafted(folder, source), list[str]()
    for leaf in leaves(document):
        path.write_text(dump(document, file))
        if is_lost_as_a_whole(path, leaf[:-1], whole):
            continue
        shorter = copy.deepcopy(document)
        del at(shorter, leaf[:-1])[leaf[-1]]
        path.write_text(dump(shorter, file))
        if contents(drafted(folder, source)) == contents(whole):
            silent.append(".".join(map(str, leaf)))
    assert [key for key in silent if not re.fullmatch(SILENT.get(source, SILENT[source.partition("-")[0]]), key)] == []


@pytest.mark.parametrize(("source", "file"), ROWS, ids=lambda value: value)
def test_a_key_that_no_format_knows_is_reported(tmp_path, source, file):
    folder = make_project(tmp_path, source) / source
    document = load((SOURCES / source / file).read_text(), file)
    path, silent = folder / file, list[str]()
    silent_keys = re.compile(SILENT.get(source, SILENT[source.partition("-")[0]]))
    for mapping in mappings(document):
        if silent_keys.fullmatch(".".join(map(str, mapping))):
            continue
        longer = copy.deepcopy(document)
        at(longer, mapping)["zz_new_key"] = "zz"
        path.write_text(dump(longer, file))
        drafts = drafted(folder, source)
        is_named = re.search("zz[-_]new[-_]key|zzNewKey", str(contents(drafts)))
        if not isinstance(drafts, str) and not is_named and not is_lost_as_a_whole(path, mapping, drafts):
            silent.append(".".join(map(str, mapping)))
    assert silent == []
