# Sourced by packaging/run and packaging/test: everything a fresh Debian or Ubuntu machine lacks.
#
# Rules: idempotent; says what it does, on standard error only (standard output belongs to the
# program); installs system packages only where it may do so without asking (root, or sudo without
# a password) and only what is missing; never empties a folder it did not make itself; an
# interrupted set-up is noticed and done again from the start.
# shellcheck shell=bash

say() { printf 'racewatch set-up: %s\n' "$*" >&2; }

die() {
    printf 'racewatch set-up: %s\n' "$@" >&2
    exit 2
}

# ---------------------------------------------------------------- system packages

# How packages may be installed here: "apt-get", "sudo -n apt-get", or nothing.
apt_command() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then
        echo "apt-get"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        echo "sudo -n apt-get"
    else
        return 1
    fi
}

# install_packages WHY PACKAGE...: false when they could not be installed; then the exact command was printed.
install_packages() {
    local why=$1 apt
    shift
    if ! apt=$(apt_command); then
        say "packages are missing for $why, and this user may not install them without a password." \
            "Please run:  sudo apt-get install $*"
        return 1
    fi
    say "installing for $why: $*"
    local options=(-q -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
    # The lists may be missing (fresh image) or old: first without, then with a refresh.
    # shellcheck disable=SC2086  # "sudo -n apt-get" is three words on purpose
    if ! DEBIAN_FRONTEND=noninteractive $apt "${options[@]}" install "$@" >/dev/null 2>&1; then
        say "refreshing the package lists"
        if ! { $apt -q update && DEBIAN_FRONTEND=noninteractive $apt "${options[@]}" install "$@"; } >&2; then
            say "installing failed (see above). By hand:  sudo apt-get install $*"
            return 1
        fi
    fi
}

# install_without_services WHY PACKAGE...: as install_packages; what is new starts no service, now or at the next boot.
install_without_services() {
    local apt as_root policy=/usr/sbin/policy-rc.d package status
    apt=$(apt_command)
    as_root=${apt%apt-get}
    if [ -n "$apt" ] && [ ! -e "$policy" ]; then
        # Asked by the packages' own scripts.  It says no only while we live: left behind, it forbids nothing.
        # shellcheck disable=SC2086  # "sudo -n" is two words on purpose
        printf '#!/bin/sh\n# made by racewatch, packaging/test\n[ ! -d /proc/%d ] || exit 101\n' $$ |
            $as_root tee "$policy" >/dev/null && $as_root chmod 755 "$policy"
    fi
    install_packages "$@"
    status=$?
    # shellcheck disable=SC2086
    if grep -qs 'made by racewatch' "$policy"; then $as_root rm -f "$policy"; fi
    shift
    # shellcheck disable=SC2086
    if [ $status = 0 ] && command -v systemctl >/dev/null; then
        for package in "$@"; do
            if [ -e "/usr/lib/systemd/system/$package.service" ] || [ -e "/lib/systemd/system/$package.service" ]; then
                $as_root systemctl --quiet disable "$package.service" >/dev/null 2>&1 || true
            fi
        done
    fi
    return $status
}

# missing_packages "COMMAND:PACKAGE ...": the packages whose command (or /file, or /pattern of files) is not there.
missing_packages() {
    local entry path="$PATH:/usr/sbin:/sbin" found=()
    set -f
    # shellcheck disable=SC2086  # a list of words
    set -- $1
    set +f
    for entry in "$@"; do
        case $entry in
            /*) compgen -G "${entry%%:*}" >/dev/null || found+=("${entry##*:}") ;;
            *) PATH=$path command -v "${entry%%:*}" >/dev/null || found+=("${entry##*:}") ;;
        esac
    done
    [ ${#found[@]} = 0 ] || printf '%s\n' "${found[@]}" | sort -u
}

# The libraries Qt's xcb and wayland platforms load, and the package each is in.
QT_LIBRARIES="
libEGL.so.1:libegl1 libGL.so.1:libgl1 libX11.so.6:libx11-6 libX11-xcb.so.1:libx11-xcb1 libxcb.so.1:libxcb1
libxcb-cursor.so.0:libxcb-cursor0 libxcb-glx.so.0:libxcb-glx0 libxcb-icccm.so.4:libxcb-icccm4
libxcb-image.so.0:libxcb-image0 libxcb-keysyms.so.1:libxcb-keysyms1 libxcb-randr.so.0:libxcb-randr0
libxcb-render.so.0:libxcb-render0 libxcb-render-util.so.0:libxcb-render-util0 libxcb-shape.so.0:libxcb-shape0
libxcb-shm.so.0:libxcb-shm0 libxcb-sync.so.1:libxcb-sync1 libxcb-util.so.1:libxcb-util1
libxcb-xfixes.so.0:libxcb-xfixes0 libxcb-xkb.so.1:libxcb-xkb1 libxkbcommon.so.0:libxkbcommon0
libxkbcommon-x11.so.0:libxkbcommon-x11-0 libfontconfig.so.1:libfontconfig1 libfreetype.so.6:libfreetype6
libglib-2.0.so.0:libglib2.0-0 libdbus-1.so.3:libdbus-1-3 libzstd.so.1:libzstd1
libgssapi_krb5.so.2:libgssapi-krb5-2 libbrotlidec.so.1:libbrotli1 libwayland-client.so.0:libwayland-client0
libwayland-cursor.so.0:libwayland-cursor0 libwayland-egl.so.1:libwayland-egl1
"

# The packages of Qt's libraries that the loader cannot find here.
missing_qt_packages() {
    local ldconfig known entry
    ldconfig=$(PATH="$PATH:/usr/sbin:/sbin" command -v ldconfig) || return 0
    known=$("$ldconfig" -p)
    for entry in $QT_LIBRARIES; do
        case $known in
            *"	${entry%%:*} "*) ;;
            *) echo "${entry##*:}" ;;
        esac
    done
    # Without a single font every label is empty.
    if [ -z "$(find /usr/share/fonts /usr/local/share/fonts -name '*.[to]tf' -print -quit 2>/dev/null)" ]; then
        echo fonts-dejavu-core
    fi
}

# ensure_qt: false when a library is missing and could not be installed.
ensure_qt() {
    [ -n "${RACEWATCH_SKIP_SYSTEM_CHECK-}" ] && return 0
    local missing
    mapfile -t missing < <(missing_qt_packages)
    [ ${#missing[@]} = 0 ] || install_packages "the window (Qt's system libraries)" "${missing[@]}"
}

# ---------------------------------------------------------------- Python

python_is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

python_can_make_venvs() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in ${RACEWATCH_PYTHON:+"$RACEWATCH_PYTHON"} python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null && python_is_new_enough "$candidate"; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# Sets $python to a Python >= 3.11 that can make virtual environments, or ends with what to do.
ensure_python() {
    local version
    if ! python=$(find_python); then
        if ! command -v python3 >/dev/null; then
            install_packages "Python" python3 python3-venv || exit 2
        elif apt_command >/dev/null; then
            # An older distribution may carry a newer Python beside its own.
            for version in 3.13 3.12 3.11; do
                if apt-cache show "python$version-venv" >/dev/null 2>&1; then
                    install_packages "Python $version" "python$version" "python$version-venv" || exit 2
                    break
                fi
            done
        fi
        python=$(find_python) || die \
            "Python 3.11 or newer is needed, and $(python3 --version 2>/dev/null || echo 'no python3') is what this machine has." \
            "Debian 12, Ubuntu 23.04 or later:  sudo apt-get install python3 python3-venv" \
            "Otherwise install one and name it:  RACEWATCH_PYTHON=/path/to/python3.11 $0"
    fi
    if ! python_can_make_venvs "$python"; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        if [ "$(readlink -f "$python")" = "$(readlink -f /usr/bin/python3)" ]; then
            install_packages "virtual environments" python3-venv || exit 2
        else
            install_packages "virtual environments" "python$version-venv" || exit 2
        fi
        python_can_make_venvs "$python" || die "$python cannot make virtual environments (no ensurepip); install its venv package."
    fi
}

# ---------------------------------------------------------------- the virtual environment
#
# $venv/.racewatch-setup, four lines: state (ok, stale, building), place, hash of what is
# installed, extras. It is the proof that we made the folder, too: without it a folder that is not
# empty is never touched.

# What the installed package depends on: if it changes, pip runs again.
wanted_hash() { cat "$checkout/pyproject.toml" "$checkout/packaging/setup.sh" | sha256sum | cut -d' ' -f1; }

# What a virtual environment cannot survive: being moved, the checkout moving, its Python going away.
place() { printf '%s|%s|%s' "$venv" "$checkout" "$(readlink -f "$venv/bin/python" 2>/dev/null)"; }

read_state() {
    state='' place_then='' hash_then='' extras_then=''
    if [ -f "$venv/.racewatch-setup" ]; then
        {
            IFS= read -r state
            IFS= read -r place_then
            IFS= read -r hash_then
            IFS= read -r extras_then
        } <"$venv/.racewatch-setup"
    fi
}

write_state() {
    printf '%s\n%s\n%s\n%s\n' "$1" "$(place)" "$2" "$3" >"$venv/.racewatch-setup.new"
    mv -f "$venv/.racewatch-setup.new" "$venv/.racewatch-setup"
}

# Nothing to do?  $1: extras wanted ("test" or "").
venv_is_ready() {
    read_state
    [ "$state" = ok ] && [ "$place_then" = "$(place)" ] && [ "$hash_then" = "$wanted" ] &&
        { [ -z "$1" ] || [ "$extras_then" = "$1" ]; } && [ -x "$venv/bin/python" ]
}

build_venv() {
    local extras=$1
    read_state
    if [ -e "$venv" ] && [ -z "$state" ] && [ -n "$(ls -A "$venv" 2>/dev/null)" ]; then
        die "$venv is not empty and was not made by this script; it is left alone." \
            "Name another folder:  RACEWATCH_VENV=/path/to/folder $0"
    fi
    mkdir -p "$venv" 2>/dev/null && [ -w "$venv" ] || die \
        "the virtual environment $venv cannot be written by $(id -un)." \
        "Name a folder of your own:  RACEWATCH_VENV=\$HOME/.local/share/racewatch-venv $0"
    [ -n "$extras" ] || extras=$extras_then
    if [ "$state" = building ] || [ "$place_then" != "$(place)" ] || [ ! -x "$venv/bin/python" ]; then
        ensure_python
        [ "$state" = building ] && say "an earlier set-up was interrupted; starting over"
        say "making the virtual environment $venv"
        write_state building "" ""
        find "$venv" -mindepth 1 -maxdepth 1 ! -name .racewatch-setup -exec rm -rf -- {} +
        "$python" -m venv "$venv" >&2 || die "making the virtual environment failed (see above)."
    fi
    say "installing racewatch${extras:+ with what its tests need} (a minute the first time)"
    write_state building "" "$extras"
    if ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --editable "$checkout${extras:+[$extras]}" >&2; then
        # pip ended by itself, so it left the environment whole: next time it only runs again.
        write_state stale "" "$extras"
        die "pip could not install racewatch (see above). Is the network there? The next start tries again."
    fi
    write_state ok "$wanted" "$extras"
    say "ready"
}

# ensure_venv [EXTRAS]: $venv holds racewatch as of this pyproject.toml.
ensure_venv() {
    local extras=${1-} lock
    venv=${RACEWATCH_VENV:-$checkout/.venv}
    case $venv in /*) ;; *) venv=$PWD/$venv ;; esac
    wanted=$(wanted_hash)
    venv_is_ready "$extras" && return 0
    lock=$venv.lock
    mkdir -p "$(dirname "$venv")" 2>/dev/null
    # One set-up at a time; who waited finds it done.
    (
        # A lock file that cannot be made means a folder that cannot be written: build_venv says so.
        if { exec 9>>"$lock"; } 2>/dev/null && ! flock -n 9; then
            say "waiting for another set-up of $venv"
            flock 9
        fi
        venv_is_ready "$extras" || build_venv "$extras"
    ) || exit $?
}
