# What the runners of third-party clients share; sourced after `set -euo pipefail`.
#
#   REGISTRAR_BIN             the binary (default: target/debug/registrar)
#   REGISTRAR_TEST_POSTGRES   a postgres:// URL whose role may create databases

here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
binary=${REGISTRAR_BIN:-${CARGO_TARGET_DIR:-target}/debug/registrar}
[[ $binary == /* ]] || binary=$root/$binary
[ -x "$binary" ] || { echo "no binary at $binary: cargo build, or set REGISTRAR_BIN" >&2; exit 2; }

work=$(mktemp -d "${TMPDIR:-/tmp}/registrar-interop.XXXXXX")
database=""
: >"$work/results"

# create_database: an empty one of its own; its URL is then in $database_url.
create_database() {
    database=interop_$$_$RANDOM
    psql --quiet --no-psqlrc "$REGISTRAR_TEST_POSTGRES" -c "create database $database" >/dev/null
    # The same URL with another database: scheme and authority, the new name, the parameters.
    [[ $REGISTRAR_TEST_POSTGRES =~ ^([a-z]+://[^/?]*)(/[^?]*)?(\?.*)?$ ]]
    database_url=${BASH_REMATCH[1]}/$database${BASH_REMATCH[3]}
}

drop_database() {
    [ -n "$database" ] || return 0
    psql --quiet --no-psqlrc "$REGISTRAR_TEST_POSTGRES" -c "drop database if exists $database with (force)" >/dev/null
    database=""
}

master_key() { head -c 32 /dev/urandom | base64 -w0 | tr '+/' '-_' | tr -d '='; }

# python_environment FOLDER REQUIREMENTS: made anew when the requirements change.
python_environment() {
    if ! cmp -s "$2" "$1/installed.txt"; then
        rm -rf "$1"
        python3 -m venv "$1"
        "$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$2"
        cp "$2" "$1/installed.txt"
    fi
}

# summary: counts the lines `ok …` and `not ok …` of $work/results; succeeds if there is something and nothing failed.
summary() {
    local passed failed
    passed=$(grep -c '^ok ' "$work/results" || true)
    failed=$(grep -c '^not ok ' "$work/results" || true)
    printf '\n%s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
