# shellcheck shell=sh
# Sourced by ./up and ./test: what both need to make their environments of Python packages.

find_python() { # the newest Python that can make environments
    for candidate in python3.13 python3.12 python3.11 python3.14 python3; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    echo "no Python 3.11 or newer was found; install one, for example with: apt-get install python3" >&2
    return 1
}

is_made() { # FOLDER CONTENT: whether the folder was made whole from this content
    [ "$(cat "$1/installed" 2>/dev/null)" = "$2" ]
}
