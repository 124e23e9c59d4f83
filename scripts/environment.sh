# Sourced by the scripts beside it: .venv with Python 3.11 or later and pip, made once and used again; `install`.
cd "$(dirname "$0")/.."
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=""
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python=$candidate
            break
        fi
    done
    if [ -z "$python" ]; then
        echo "Python 3.11 or later is needed; $( (python3 --version) 2>/dev/null || echo 'there is no python3')." >&2
        exit 1
    fi
    echo "Making .venv with $("$python" --version) …"
    if ! "$python" -m venv --clear .venv; then
        echo "Python's venv module is incomplete here; on Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
fi
# The first word says what is installed, the others are pip's: one line, and then only what pip fails with.
install() {
    echo "Installing $1 into .venv (a few minutes the first time, seconds later) …"
    shift
    .venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check "$@"
}
# The pip that comes with Python 3.11 does not know dependency groups yet.
.venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check "pip>=25.1"
