#!/bin/sh
# Writes the lock files from pyproject.toml: pinned, with hashes, for every platform, without index addresses. Needs uv.
set -eu
cd "$(dirname "$0")/.."
common="--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet"
# shellcheck disable=SC2086
uv pip compile pyproject.toml --group build $common -o requirements.lock "$@"
# shellcheck disable=SC2086
uv pip compile pyproject.toml --group dev $common -c requirements.lock -o requirements-dev.lock "$@"
