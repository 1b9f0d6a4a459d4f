"""The instance classes on which RDS runs PostgreSQL, MySQL and MariaDB, over all regions; a new one is a new line here.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Support.html
"""

from collections.abc import Iterator, Mapping, Sequence

from ..validation.problems import Problem
from .sqlserver_editions import Edition

_BURSTABLE = ("micro", "small", "medium", "large", "xlarge", "2xlarge")
_TO_16 = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
_TO_24 = (*_TO_16, "24xlarge")
_TO_32 = (*_TO_24, "32xlarge")
_TO_48 = (*_TO_24, "48xlarge")
_SIZES: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("t3", "t4g"): _BURSTABLE,
    ("m5", "m5d", "r5", "r5b", "r5d"): _TO_24,
    ("m6g", "m6gd", "r6g", "r6gd", "m7g", "r7g", "x2g"): _TO_16,
    ("m6i", "m6id", "m6in", "m6idn", "r6i", "r6id", "r6in", "r6idn"): _TO_32,
    ("m7i", "r7i", "m8g", "m8gd", "r8g", "r8gd"): _TO_48,
    ("x2idn",): ("16xlarge", "24xlarge", "32xlarge"),
    ("x2iedn",): ("xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge", "24xlarge", "32xlarge"),
}
_CLASSES = {family: sizes for families, sizes in _SIZES.items() for family in families}


def class_problems(
    argument: str, instance_class: str, owner: str, example: str, classes: Mapping[str, Sequence[str]] = _CLASSES
) -> Iterator[Problem]:
    """An instance class that a service has, such as `RDS for MySQL`; some regions lack some of them.

    `classes` are the sizes by family. Default: RDS's.
    """
    prefix, _, rest = instance_class.partition(".")
    family, _, size = rest.partition(".")
    if prefix != "db" or family not in classes:
        yield Problem(
            argument,
            f"{instance_class!r} is not an instance class of {owner}, like {example}; its families are "
            f"{', '.join(sorted(classes))}.",
        )
    elif size not in classes[family]:
        yield Problem(
            argument, f"{instance_class!r} does not exist; db.{family} has the sizes {', '.join(classes[family])}."
        )


def edition_class_problems(argument: str, instance_class: str, edition: Edition) -> Iterator[Problem]:
    """An instance class that RDS has for SQL Server, but not for its edition."""
    _, family, size = instance_class.split(".")
    if family not in edition.sizes:
        yield Problem(
            argument,
            f"{instance_class!r} is not an instance class of {edition.title}, like {edition.default_class}; its families are "
            f"{', '.join(sorted(edition.sizes))}.",
        )
    elif size not in edition.sizes[family]:
        yield Problem(
            argument,
            f"{instance_class!r} is not an instance class of {edition.title}; db.{family} has the sizes "
            f"{', '.join(edition.sizes[family])}.",
        )
