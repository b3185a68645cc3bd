#!/bin/sh
# Makes the virtual environment $1 with what the lock $2 pins, and this project in it.
# Says in one sentence what the system lacks, with the command that mends it.
set -eu

venv=$1
lock=$2
python=${PYTHON:-python3}

fail() {
    echo "converge-desktop: $1" >&2
    exit 1
}

is_debian_root() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null
}

packages=""
need() {
    packages="$packages $1"
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "Python 3.11 or newer is needed, and '$python' is none; install it, or say where it is with: make PYTHON=/path/to/python3"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
"$python" -c 'import ensurepip, venv' 2>/dev/null || need "python$version-venv"
command -v c++ >/dev/null || need "g++"
command -v cc >/dev/null || need "gcc"

# Qt loads these at run time; the first four are needed offscreen as well.
while read -r library package; do
    ldconfig -p 2>/dev/null | grep -q "$library" || need "$package"
done <<END
libEGL.so.1 libegl1
libGL.so.1 libgl1
libdbus-1.so.3 libdbus-1-3
libxkbcommon.so.0 libxkbcommon0
libxkbcommon-x11.so.0 libxkbcommon-x11-0
libxcb-cursor.so.0 libxcb-cursor0
libxcb-icccm.so.4 libxcb-icccm4
libxcb-image.so.0 libxcb-image0
libxcb-keysyms.so.1 libxcb-keysyms1
libxcb-randr.so.0 libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-shape.so.0 libxcb-shape0
libxcb-xinerama.so.0 libxcb-xinerama0
libxcb-xfixes.so.0 libxcb-xfixes0
libfontconfig.so.1 libfontconfig1
END

if [ -n "$packages" ]; then
    command="apt-get install -y --no-install-recommends$packages"
    if is_debian_root; then
        echo "converge-desktop: installing$packages"
        apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive $command >/dev/null ||
            fail "these system packages are missing and could not be installed:$packages"
    elif command -v apt-get >/dev/null; then
        fail "system packages are missing; install them with: sudo apt-get update && sudo $command"
    else
        fail "system libraries are missing; install what provides, in Debian's names:$packages"
    fi
fi

# Whoever runs the tests has a session on a real X server among them, where there is one; without it
# that one test is skipped and says so.
case $lock in
*dev*)
    wanted=""
    command -v Xvfb >/dev/null || wanted="$wanted xvfb"
    command -v xdotool >/dev/null || wanted="$wanted xdotool"
    command -v import >/dev/null || wanted="$wanted imagemagick"
    command="apt-get install -y --no-install-recommends$wanted"
    if [ -n "$wanted" ] && is_debian_root; then
        (apt-get update -q && DEBIAN_FRONTEND=noninteractive $command) >/dev/null 2>&1 || true
    elif [ -n "$wanted" ]; then
        echo "converge-desktop: one test needs more; to have it run: sudo $command"
    fi
    ;;
esac

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --upgrade "pip>=24"

# llama.cpp is built here, from source: only the library, and for any x86-64 with AVX2 (or any
# 64-bit Arm) rather than for this very processor, so that the same model computes the same
# everywhere. Native builds crash on processors with AMX.
export CMAKE_ARGS="-DGGML_NATIVE=OFF -DLLAVA_BUILD=OFF -DMTMD_BUILD=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF ${CMAKE_ARGS:-}"
echo "converge-desktop: installing what $lock pins; the first time this takes some minutes"
pip() {
    "$venv/bin/python" -m pip --disable-pip-version-check "$@"
}
PATH="$PWD/$venv/bin:$PATH"
pip install --quiet --require-hashes --requirement requirements-build.lock
# Without the cache: it would hand out a llama.cpp that was built here with other settings.
pip install --quiet --no-cache-dir --require-hashes --no-build-isolation --requirement "$lock"
pip install --quiet --no-deps --no-build-isolation --editable .
