"""Recognizes values that may be credentials, by the variable's name or by the value: pure functions.

Wrongly recognized values cost one command, and wrongly missed ones are in a file that people commit. So the rules are
broad.
"""

import math
import re
from collections import Counter

_NAME = re.compile(
    r"SECRET|PASSWORD|PASSWD|PASSPHRASE|PASSCODE|(?:^|_)(?:PASS|PWD|PW|PAT|SALT|DSN|CERT|PEM|JWT)(?:_|$)|TOKEN|CREDENTIAL|"
    r"PRIVATE|API_?KEY|ACCESS_?KEY|AUTH_?KEY|LICENSE_?KEY|SIGNING|ENCRYPTION|WEBHOOK|(?:^|_)KEYS?(?:$|_ID$)",
    re.IGNORECASE,
)
_PUBLIC_NAME = re.compile(r"PUBLIC|PUBLISHABLE|KEY_?PREFIX|KEY_?FILE|KEY_?PATH", re.IGNORECASE)
# Such values are no credentials, even if the name looks like one: TOKEN_LIFETIME: 3600.
_HARMLESS = re.compile(r"|true|false|yes|no|on|off|none|null|[0-9]{1,5}", re.IGNORECASE)
_CONTENT = re.compile(
    r"://[^/\s@'\"]+@"  # user and password of a URL, and the key of a Sentry DSN
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|-----BEGIN"
    r"|\b(?:sk|pk|rk)_(?:live|test)_\w+|\bwhsec_\w+|\bsk-\w{8,}|\bgh[opsur]_\w{10,}|\bgithub_pat_\w+|\bglpat-\w+"
    r"|\bxox[abeprs]-\w+|\bSG\.[\w-]{10,}\.|\bAIza[\w-]{20,}|\beyJ[\w-]{8,}\.|\bdop_v1_\w+|\bnpm_\w{20,}|\bhvs\.\w+"
    r"|[?&;](?:password|passwd|pwd|token|secret|sig|signature|key|api_?key|access_?key|auth)=[^&\s$]"
    r"|\b(?:password|passwd|pwd|accountkey|sharedaccesskey)=[^;\s$]"
    r"|--?(?:[\w-]*password|[\w-]*token|[\w-]*secret|[\w-]*api-?key|[\w-]*master-?key)[= ](?!\$)\S",
    re.IGNORECASE,
)
_RANDOM = re.compile(r"[A-Za-z0-9+/=_-]{20,}")
_HEX = re.compile(r"[0-9a-fA-F-]{32,}")
# Bits per character, above which a text of letters and digits is more like a key than like words. Words joined by
# hyphens have about 3.5, base64 of 24 random characters about 4.2.
_LEAST_ENTROPY = 3.8


def may_be_credential(name: str, value: str) -> bool:
    """Whether a variable may be a credential."""
    if has_credential(value):
        return True
    if not _NAME.search(name) or _PUBLIC_NAME.search(name):
        return False
    return not _HARMLESS.fullmatch(value.strip())


def has_known_credential(text: str) -> bool:
    """Whether a text contains a credential of a form that nothing else has, such as a URL with a password."""
    return bool(_CONTENT.search(text))


def has_credential(text: str) -> bool:
    """Whether a text contains what may be a credential, random words included."""
    return has_known_credential(text) or any(_is_random(word) for word in re.split(r"[\s'\",;:=]+", text))


def _is_random(word: str) -> bool:
    """Whether a word looks like a random key."""
    if _HEX.fullmatch(word) and re.search(r"[0-9]", word):
        return True
    if not _RANDOM.fullmatch(word) or not (re.search(r"[0-9]", word) and re.search(r"[A-Za-z]", word)):
        return False
    if word.startswith("/") or word.count("/") > 1 or word.count("-") + word.count("_") > len(word) / 8:
        return False  # a path, or words that are joined
    counts = Counter(word).values()
    return -sum(count / len(word) * math.log2(count / len(word)) for count in counts) >= _LEAST_ENTROPY
