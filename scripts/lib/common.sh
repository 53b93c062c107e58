# Shared by the scripts: where the project is, messages, and packages that are missing.
# Sourced, not run; needs bash.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

if [[ -t 2 ]]; then
    bold=$'\e[1m' red=$'\e[31m' plain=$'\e[0m'
else
    bold='' red='' plain=''
fi

say() { printf '%s\n' "$bold$*$plain" >&2; }
warn() { printf '%s\n' "$red$*$plain" >&2; }
fail() {
    warn "$*"
    exit 1
}

# The comment block at the top of the script that was called is its help.
help_of() {
    awk 'NR == 1 { next } !/^#/ { exit } { sub(/^# ?/, ""); print }' "$1"
}

installed() {
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# apt knows some names only because others mention them: those have no candidate.
available() { [[ $(apt-cache policy "$1" 2>/dev/null) =~ Candidate:\ [^\(] ]]; }

# The package to install for a line of lib/packages: one that is installed, else one that apt has.
# Nothing if the line is optional and apt has none.
choose_package() {
    local name names optional=''
    [[ $1 == \?* ]] && optional=yes
    IFS='|' read -ra names <<<"${1#\?}"
    for name in "${names[@]}"; do
        if installed "$name"; then
            echo "$name"
            return
        fi
    done
    for name in "${names[@]}"; do
        if [[ ${#names[@]} == 1 && ! $optional ]] || available "$name"; then
            echo "$name"
            return
        fi
    done
    [[ $optional ]] || echo "${names[0]}"
}

missing_packages() {
    local purpose line have name
    # One question to dpkg instead of one for each package: this runs before every build.
    have=$'\n'$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null)$'\n'
    while read -r purpose line; do
        [[ " $* " == *" $purpose "* ]] || continue
        local found=''
        local bare=${line#\?}
        for name in ${bare//|/ }; do
            [[ $have == *$'\n'"installed $name"$'\n'* ]] && found=yes
        done
        [[ $found ]] || echo "$line"
    done < <(grep -v -e '^#' -e '^$' "$root/scripts/lib/packages") | sort -u
}

as_root() {
    if [[ $EUID == 0 ]]; then
        "$@"
    else
        sudo "$@"
    fi
}

# ensure_packages PURPOSE…: installs what is missing for them through apt.
ensure_packages() {
    local missing names=() line answer
    if ! command -v dpkg-query >/dev/null; then
        say "No dpkg here: install what scripts/lib/packages lists yourself."
        return
    fi
    missing=$(missing_packages "$@")
    # Without sudo, what is optional is not asked for.
    [[ $EUID == 0 ]] || missing=$(grep -v '^?' <<<"$missing" || true)
    [[ $missing ]] || return 0
    if [[ $EUID != 0 ]]; then
        command -v sudo >/dev/null ||
            fail "These packages are missing, and there is no sudo to install them with:
${missing//$'\n'/ }"
        if [[ ! -t 0 ]]; then
            fail "These packages are missing; run as root: apt-get install ${missing//$'\n'/ }"
        fi
        say "Missing packages: ${missing//$'\n'/ }"
        read -rp "Install them with sudo apt-get? [Y/n] " answer
        [[ $answer =~ ^[Nn] ]] && fail "Not installed: the build needs them."
    fi
    # A fresh container has no package lists at all.
    if ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
        say "Fetching the package lists"
        as_root apt-get update -qq
    fi
    for line in $missing; do
        line=$(choose_package "$line")
        [[ $line ]] && names+=("$line")
    done
    ((${#names[@]} > 0)) || return 0
    say "Installing ${names[*]}"
    if ! install_packages "${names[@]}"; then
        say "Trying again with fresh package lists"
        as_root apt-get update -qq
        install_packages "${names[@]}" || fail "apt-get could not install them: see above."
    fi
}

install_packages() {
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >&2
}

# configure_and_build PRESET TARGETS…: quick when nothing has changed.
configure_and_build() {
    local preset=$1 directory="$root/build/$1"
    shift
    local jobs memory_gb
    jobs=$(nproc)
    # A compiler of this code takes up to 1.5 GB: fewer at once on a small machine.
    memory_gb=$(awk '/MemAvailable/ { print int($2 / 1500000) }' /proc/meminfo)
    ((memory_gb >= 1 && memory_gb < jobs)) && jobs=$memory_gb
    local options=()
    [[ ${werror:-} ]] && options+=("-DTALLYFS_WERROR=$werror")
    if [[ ! -f $directory/build.ninja || ${#options[@]} -gt 0 ]]; then
        say "Configuring build/$preset"
        (cd "$root" && cmake --preset "$preset" --log-level=NOTICE "${options[@]}" >&2)
    fi
    say "Building build/$preset with $jobs jobs"
    cmake --build "$directory" -j "$jobs" --target "$@" >&2
}
