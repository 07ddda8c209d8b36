# shellcheck shell=bash
# What the scripts in deploy share. Sourced, not run; the caller has set -euo pipefail.

# The oldest versions that build and run this package.
swift_major=6 swift_minor=2
openssl_least=3.0.0

# Seconds. Each bounds a wait on something outside this script, so that no run hangs for ever.
apt_update_seconds=300
apt_install_seconds=900
# shellcheck disable=SC2034  # the callers build
build_seconds=3600
python_seconds=600

# What only tests need; .build* is ignored by git, so nothing that this makes shows up as a change.
tools=.build-tests
requirements=Tests/Integration/requirements.txt

export DEBIAN_FRONTEND=noninteractive
# A crashing child would otherwise wait for a debugger that nobody attends.
export SWIFT_BACKTRACE=enable=no

say() { printf '%s\n' "$*"; }

# One message for people: what failed, and what to do.
fail() {
    printf '\n%s: %s\n' "${0##*/}" "$1" >&2
    shift
    local line
    for line in "$@"; do printf '    %s\n' "$line" >&2; done
    exit 1
}

step_number=0
step_name=''
step_began=0

step() {
    step_number=$((step_number + 1))
    step_name=$1
    step_began=$SECONDS
    printf '\n[%d] %s\n' "$step_number" "$step_name"
}

step_done() { printf '[%d] %s: done in %d s\n' "$step_number" "$step_name" "$((SECONDS - step_began))"; }

# Ends a command that takes too long. On a terminal the command stays in the foreground, so that Ctrl-C reaches it.
within() {
    local seconds=$1
    shift
    local options=(--kill-after=10)
    if [ -t 0 ]; then options+=(--foreground); fi
    timeout "${options[@]}" "$seconds" "$@"
}

has() { command -v "$1" >/dev/null 2>&1; }

# Debian keeps daemons where only root looks.
add_system_directories() { PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; }

need_swift() {
    local swiftly=${SWIFTLY_BIN_DIR:-${HOME:-/root}/.local/share/swiftly/bin}
    if ! has swift && [ -x "$swiftly/swift" ]; then PATH=$PATH:$swiftly; fi
    local wanted="Swift $swift_major.$swift_minor or newer is needed"
    local remedy='Install it as README.md says under "Toolchain", then run this again.'
    has swift || fail "$wanted, and there is no swift in PATH." "$remedy"

    local answer
    answer=$(within 60 swift --version 2>&1 </dev/null) ||
        fail "swift is there, but 'swift --version' fails: ${answer##*$'\n'}" \
            "The toolchain's own packages may be missing; README.md names them under \"Toolchain\"."
    if ! [[ $answer =~ Swift\ version\ ([0-9]+)\.([0-9]+) ]]; then
        fail "'swift --version' gave no version: $answer" "$remedy"
    fi
    local major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
    if ((major < swift_major || (major == swift_major && minor < swift_minor))); then
        fail "$wanted, and $(command -v swift) is $major.$minor." "$remedy"
    fi
}

# The packages that the caller found missing; install_missing empties it.
missing=()

need_libraries() {
    has git || missing+=(git)
    [ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
    has pkg-config || missing+=(pkg-config)
    if ! pkg-config --exists openssl 2>/dev/null; then missing+=(libssl-dev); fi
    if ! pkg-config --exists zlib 2>/dev/null; then missing+=(zlib1g-dev); fi
    install_missing
    pkg-config --atleast-version="$openssl_least" openssl ||
        fail "OpenSSL $openssl_least or newer is needed; pkg-config finds $(pkg-config --modversion openssl)." \
            "Use Debian 12, Ubuntu 22.04 or newer."
    pkg-config --exists zlib || fail "pkg-config does not find zlib, though zlib1g-dev is installed." \
        "Look at PKG_CONFIG_PATH: is it '${PKG_CONFIG_PATH:-}' on purpose?"
}

# Installs $missing with apt, and does nothing at all when it is empty.
install_missing() {
    if ((${#missing[@]} == 0)); then return 0; fi
    local command_line="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
    local by_hand="sudo sh -c '$command_line'"
    has apt-get || fail "these packages are missing, and there is no apt-get to install them: ${missing[*]}" \
        "Install what your system calls them, then run this again."

    local root=()
    if ((EUID != 0)); then
        if has sudo && sudo -n true 2>/dev/null; then
            root=(sudo -n env DEBIAN_FRONTEND=noninteractive)
        else
            fail "these packages are missing, and installing them takes root's rights: ${missing[*]}" \
                "Run this, then start again:" "$by_hand"
        fi
    fi

    say "installing with apt: ${missing[*]}"
    local log
    log=$(mktemp)
    local apt=("${root[@]}" apt-get -q -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2 -o Acquire::http::Timeout=30)
    if ! within "$apt_update_seconds" "${apt[@]}" update >"$log" 2>&1 </dev/null; then
        say "apt-get update had trouble; trying with the lists that are there"
    fi
    keep_services_stopped "${root[@]}"
    local failed=0
    within "$apt_install_seconds" "${apt[@]}" install -y --no-install-recommends "${missing[@]}" \
        >>"$log" 2>&1 </dev/null || failed=1
    let_services_start "${root[@]}"
    if ((failed)); then
        grep -E '^(E|Err|W):?' "$log" | tail -n 12 >&2 || tail -n 12 "$log" >&2
        rm -f "$log"
        fail "apt could not install: ${missing[*]}" "With a network and root's rights, run this, then start again:" "$by_hand"
    fi
    rm -f "$log"
    missing=()
}

# Installing nginx would start it on port 80 of this machine; nobody asked for that. So while apt runs, Debian's own
# switch says that no service starts. The arguments of both functions are what gives root's rights.
service_policy=/usr/sbin/policy-rc.d
service_policy_made=0

keep_services_stopped() {
    if [ -e "$service_policy" ]; then return 0; fi
    root_again=("$@")
    trap 'let_services_start "${root_again[@]}"' EXIT
    service_policy_made=1
    printf '#!/bin/sh\nexit 101\n' | "$@" tee "$service_policy" >/dev/null
    "$@" chmod 755 "$service_policy"
}

let_services_start() {
    if ((!service_policy_made)); then return 0; fi
    "$@" rm -f "$service_policy"
    service_policy_made=0
    trap - EXIT
}

# What the black-box tests work with.
need_tools() {
    local tool
    for tool in nginx curl openssl strace tinyproxy valgrind chromium; do
        has "$tool" || missing+=("$tool")
    done
    has node || missing+=(nodejs)
    # For the programs in deploy/examples.
    has javac || missing+=(default-jdk-headless)
    has perl || missing+=(perl)
    has tclsh || missing+=(tcl)
    has python3 || missing+=(python3)
    # For the alert rules, and for the package.
    has lintian || missing+=(lintian)
    has debootstrap || missing+=(debootstrap)
    has dpkg-shlibdeps || missing+=(dpkg-dev)
    has promtool || missing+=(prometheus)
    # What it says of the units in deploy/systemd; nothing of it is started.
    has systemd-analyze || missing+=(systemd)
    if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then missing+=(python3-venv); fi
    install_missing
    # Core files are taken with it; without it those tests are skipped.
    has gcore || (missing=(gdb) && install_missing) || say 'there is no gdb: the tests that take a core file are skipped'
    has nginx || fail "nginx is installed, and not in PATH: $PATH"
}

# A virtual environment with the pinned packages; made anew when the pins or the interpreter change.
need_python_packages() {
    local made_of
    made_of=$(python3 --version; cat "$requirements")
    if [ -x "$tools/venv/bin/pytest" ] && [ "$(cat "$tools/venv/made-of" 2>/dev/null)" = "$made_of" ]; then return 0; fi
    mkdir -p "$tools"
    rm -rf "$tools/venv"
    python3 -m venv "$tools/venv" ||
        fail "python3 could not make a virtual environment." "On Debian and Ubuntu: sudo apt-get install python3-venv"
    within "$python_seconds" "$tools/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --no-input --requirement "$requirements" </dev/null ||
        fail "pip could not install what $requirements names (above)." \
            "It needs the network, or PIP_INDEX_URL or PIP_FIND_LINKS pointing at a copy."
    printf '%s' "$made_of" >"$tools/venv/made-of"
}
