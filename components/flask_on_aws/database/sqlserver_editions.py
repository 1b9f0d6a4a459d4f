"""The editions of SQL Server that RDS licenses, and the names that SQL Server reserves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .sqlserver_words import RESERVED as _WORDS

# The system databases, logins, roles and schemas, those of RDS, and reserved words. `admin` is RDS's own suggestion for
# the master user. https://learn.microsoft.com/sql/relational-databases/security/authentication-access/database-level-roles
RESERVED_NAMES = re.compile(
    r"sa|dbo|sys|guest|public|information_schema|master|model|msdb|tempdb|resource|rdsadmin.*|rds.*|nt_.*|db_.*|"
    r"sysadmin|serveradmin|securityadmin|processadmin|setupadmin|bulkadmin|diskadmin|dbcreator|"
    + "|".join(sorted(_WORDS))
)
_T3 = ("micro", "small", "medium", "large", "xlarge", "2xlarge")
_LARGE = (
    "large",
    "xlarge",
    "2xlarge",
    "4xlarge",
    "8xlarge",
    "12xlarge",
    "16xlarge",
    "24xlarge",
    "32xlarge",
    "48xlarge",
)
_M5 = ("m5", "m5d", "r5", "r5d")
# Sizes of newer families up to which RDS licenses Standard Edition, which uses at most 24 cores.
_TO_8XLARGE, _TO_12XLARGE = ("m6i", "r6i", "r5b"), ("m7i", "r7i")
_ALL = (*_M5, *_TO_8XLARGE, *_TO_12XLARGE)
_LAST = {
    **dict.fromkeys((*_M5, "r5b"), "24xlarge"),
    **dict.fromkeys(("m6i", "r6i", "x2iedn"), "32xlarge"),
    **dict.fromkeys(("m7i", "r7i"), "48xlarge"),
}


@dataclass(frozen=True)
class Edition:
    """An edition of SQL Server."""

    title: str
    engine: str
    """RDS's name of it."""
    default_class: str
    """A small one that RDS has for it."""
    sizes: Mapping[str, tuple[str, ...]]
    """The sizes of its instance classes by their family."""
    standby_since: str | None
    """The first major version with a standby in another zone; None if there is none."""


def _range(first: str, last: str, of: tuple[str, ...] = _LARGE) -> tuple[str, ...]:
    return of[of.index(first) : of.index(last) + 1]


# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/SQLServer.Concepts.General.InstanceClasses.html,
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_SQLServerMultiAZ.html
EDITIONS: Mapping[str, Edition] = {
    "express": Edition(
        title="SQL Server Express",
        engine="sqlserver-ex",
        default_class="db.t3.small",  # 2 GiB, of which Express uses up to 1.4 for its buffers
        sizes={"t3": _range("micro", "xlarge", _T3)},
        standby_since=None,
    ),
    "web": Edition(
        title="SQL Server Web",
        engine="sqlserver-web",
        default_class="db.t3.small",
        sizes={"t3": _range("small", "xlarge", _T3), **dict.fromkeys(_ALL, _range("large", "4xlarge"))},
        standby_since="16.00",
    ),
    "standard": Edition(
        title="SQL Server Standard",
        engine="sqlserver-se",
        default_class="db.m5.large",
        sizes={
            "t3": _range("xlarge", "2xlarge", _T3),
            **dict.fromkeys(_M5, _range("large", "24xlarge")),
            **dict.fromkeys(_TO_8XLARGE, _range("large", "8xlarge")),
            **dict.fromkeys(_TO_12XLARGE, _range("large", "12xlarge")),
            "x2iedn": _range("xlarge", "8xlarge"),
        },
        standby_since="15.00",
    ),
    "enterprise": Edition(
        title="SQL Server Enterprise",
        engine="sqlserver-ee",
        default_class="db.m5.xlarge",
        sizes={
            "t3": _range("xlarge", "2xlarge", _T3),
            **{family: _range("xlarge", last) for family, last in _LAST.items()},
        },
        standby_since="15.00",
    ),
}
"""By the setting `databaseEdition` and the argument `edition`, from the least to the most expensive."""
DEFAULT_EDITION = "express"
