"""The login of a database's owner: a password, and the secret that holds it."""

from typing import NamedTuple

import pulumi
import pulumi_random as random

from ..runtime_contract.contract import PASSWORD_SPECIAL
from ..secrets.app_secret import AppSecret, AppSecretArgs

_PASSWORD_LENGTH = 32  # of 66 characters: 193 bits


class Login(NamedTuple):
    """A password and its secret."""

    password: pulumi.Output[str]
    secret: AppSecret


def create_login(
    database: str,
    username: pulumi.Input[str],
    kms_key_id: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions,
    *,
    needs_all_kinds: bool = False,
) -> Login:
    """Create the login of the database with this logical name.

    `needs_all_kinds` is for SQL Server, which can reject a password without an upper-case letter, a digit or a symbol.
    """
    least = 1 if needs_all_kinds else None
    password = random.RandomPassword(
        f"{database}-password",
        length=_PASSWORD_LENGTH,
        override_special=PASSWORD_SPECIAL,
        opts=opts,
        min_lower=least,
        min_upper=least,
        min_numeric=least,
        min_special=least,
    ).result
    args: AppSecretArgs = {
        "values": {"username": username, "password": password},
        "description": "Owner of a database",
    }
    if kms_key_id is not None:
        args["kms_key_id"] = kms_key_id
    return Login(password, AppSecret(f"{database}-login", args, opts))
