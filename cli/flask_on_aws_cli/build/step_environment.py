"""The variables of a build's steps: those that a build of the image would have, not those of the developer's shell.

With a package index, a configuration file or a module path of the developer, a build could succeed here alone. What an
image's build gets, `buildEnv` and `buildSecrets`, a step gets too.
"""

import os
from collections.abc import Mapping
from pathlib import Path

# How this machine reaches the network, which a Docker engine has settings of its own for. Either case of a proxy.
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATES = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "NODE_EXTRA_CA_CERTS"),
    *(
        "GIT_SSL_CAINFO",
        "NIX_SSL_CERT_FILE",
        "UV_NATIVE_TLS",
        "UV_SYSTEM_CERTS",
        "NPM_CONFIG_CAFILE",
        "npm_config_cafile",
    ),
)
# Who runs it and how it prints, and how long it waits for the network.
_PERSON = ("USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "PIP_DEFAULT_TIMEOUT", "UV_HTTP_TIMEOUT")
_KEPT = (*_PROXIES, *(name.lower() for name in _PROXIES), *_CERTIFICATES, *_PERSON)
# Each cache by its variable and its default folder in the cache of the user: what was downloaded once is kept.
_CACHES = {"UV_CACHE_DIR": "uv", "PIP_CACHE_DIR": "pip", "POETRY_CACHE_DIR": "pypoetry", "PIPENV_CACHE_DIR": "pipenv"}
# Configuration outside of HOME, which every account of this machine shares.
_NO_CONFIGURATION = {
    "PIP_CONFIG_FILE": os.devnull,
    "NPM_CONFIG_GLOBALCONFIG": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "PYTHONNOUSERSITE": "1",
}


def step_environment(home: Path, machine: Mapping[str, str]) -> dict[str, str]:
    """The variables of a build's steps, without PATH. Pure.

    Args:
        home: an empty folder, in place of the developer's home and its configuration files.
        machine: the variables of this process.
    """
    user = machine.get("HOME") or str(home)
    cache = machine.get("XDG_CACHE_HOME") or f"{user}/.cache"
    return {
        **{name: machine[name] for name in _KEPT if name in machine},
        **_NO_CONFIGURATION,
        "HOME": str(home),
        "XDG_CACHE_HOME": cache,
        **{name: machine.get(name) or f"{cache}/{folder}" for name, folder in _CACHES.items()},
        "NPM_CONFIG_CACHE": machine.get("NPM_CONFIG_CACHE") or machine.get("npm_config_cache") or f"{user}/.npm",
    }
