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

# make_certificate: an authority and a certificate of its for localhost, as ca.pem, server.pem and server.key in $work.
make_certificate() {
    local key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
    (
        cd "$work"
        openssl req -x509 "${key[@]}" -keyout ca.key -out ca.pem -days 2 -subj "/CN=Interop authority" \
            -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
        openssl req "${key[@]}" -keyout server.key -out server.csr -subj /CN=localhost
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 \
            -extfile <(printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n')
    ) 2>"$work/openssl.log" || { cat "$work/openssl.log" >&2; return 1; }
}

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
