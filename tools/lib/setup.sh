# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

# shellcheck shell=bash
# shellcheck disable=SC2034

# Sourced by the scripts in tools/: goes to the project's root, and defines
#   jobs                      how many processes to run at once
#   need_packages <names...>  installs those Debian packages that are missing
#   boost_packages <parts...> the names of Boost's packages here, from "json", "test", ...
#   need_build_tools          what building and testing the library takes

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit

jobs=$(nproc 2>/dev/null || echo 2)

have_package() {
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

known_package() {
    [[ -n $(apt-cache show "$1" 2>/dev/null) ]]
}

# Package lists are fetched at most once, and only where something has to be looked up.
update_package_lists() {
    [[ -z ${package_lists_fresh:-} ]] || return 0
    package_lists_fresh=yes
    as_root apt-get update -q >/dev/null || echo "warning: apt-get update failed" >&2
}

as_root() {
    if [[ $EUID -eq 0 ]]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    elif command -v sudo >/dev/null; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        echo "error: to install packages, run this as root or install sudo" >&2
        return 1
    fi
}

need_packages() {
    if ! command -v dpkg-query >/dev/null; then
        echo "This is not a Debian system: expecting the like of these packages here: $*"
        return 0
    fi
    local package missing=()
    for package; do
        have_package "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    echo "Installing: ${missing[*]}"
    update_package_lists
    as_root apt-get install -y -q --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

# The suffix of the Boost to use: of one that is installed already, of Debian 12's
# newer one (1.81), or none where the release's own Boost is new enough.
boost_suffix() {
    local package installed
    installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' 'libboost1.*-dev' 2>/dev/null |
        sed -n 's/^installed libboost\(1\.[0-9]*\)-dev$/\1/p' | sort -V | tail -n 1) || true
    if [[ -n $installed ]] && dpkg --compare-versions "$installed" ge 1.81; then
        echo "$installed"
        return
    fi
    known_package libboost1.81-dev || update_package_lists
    for package in 1.81 ""; do
        if known_package "libboost$package-dev"; then
            echo "$package"
            return
        fi
    done
    echo "error: there is no package of Boost 1.81 or later here" >&2
    return 1
}

boost_packages() {
    local suffix part
    command -v dpkg-query >/dev/null || { printf 'libboost-%s-dev\n' "$@"; return; }
    suffix=$(boost_suffix)
    echo "libboost$suffix-dev"
    for part; do
        echo "libboost-$part$suffix-dev"
    done
}

# Boost.Process is a library of its own in newer releases, headers that need Boost.Filesystem in
# older ones.
boost_process_part() {
    local package
    package=$(boost_packages process | tail -n 1)
    if command -v dpkg-query >/dev/null && known_package "$package"; then
        echo process
    else
        echo filesystem
    fi
}

need_build_tools() {
    local boost
    boost=$(boost_packages json test "$(boost_process_part)")
    # shellcheck disable=SC2086 # one word a package
    need_packages g++ cmake ninja-build python3 $boost
}
