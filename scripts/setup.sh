#!/bin/sh
# Create .venv and install the pinned requirements: `scripts/setup.sh runtime` or `scripts/setup.sh dev`.
# What was installed is copied into .venv; while it equals the files here, nothing is installed again.
set -eu

usable() { # a Python that can make environments, new enough for the product
    "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 </dev/null
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 </dev/null
}

create_environment() {
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3 python3.14 python3.13 python3.12 python3.11; fi
    for candidate in "$@"; do
        if usable "$candidate"; then
            # Not --clear: .venv may be a link, and only the link is ours to remove.
            rm -rf .venv
            echo "Creating .venv with $("$candidate" --version)."
            "$candidate" -m venv .venv
            return
        fi
        if new_enough "$candidate"; then
            echo "$candidate cannot create environments here; on Debian: apt-get install python3-venv." >&2
            exit 1
        fi
    done
    echo "Lifecycle needs Python 3.11 or newer, and none was found as: $*." \
        "Install one, or name it: make setup PYTHON=/path/to/python." >&2
    exit 1
}

wanted() {
    cat constraints.txt requirements.txt
    [ "$1" = runtime ] || cat requirements-dev.txt
}

install() {
    echo "Installing the $1 requirements; the first time takes a minute or two."
    rm -f .venv/installed-*.txt
    .venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check -r "$2" </dev/null || {
        echo "The requirements could not be installed; what pip says above tells why. Run the same command again." >&2
        exit 1
    }
    wanted "$1" >".venv/installed-$1.txt"
}

installed() { wanted "$1" | cmp -s - ".venv/installed-$1.txt" 2>/dev/null; }

cd "$(dirname "$0")/.."
new_enough .venv/bin/python || create_environment
case "${1:-}" in
runtime) installed dev || installed runtime || install runtime requirements.txt ;;
dev) installed dev || install dev requirements-dev.txt ;;
*)
    echo "Usage: scripts/setup.sh runtime|dev" >&2
    exit 2
    ;;
esac
