# shellcheck shell=bash disable=SC2016,SC2154  # the text is Swift; lib.sh has the bounds
# deploy/simulate --planted: faults that the simulation has to notice. Sourced by it.

faults=Tests/ProxySimulationTests/Planted
planted=.build-planted
planted_seeds=1000
# Most faults show in the first few seeds.
planted_batch=50
planted_batch_seconds=180
# Optimised, and yet a file at a time: a fault changes one or two.
planted_options=(-Xswiftc -O --scratch-path "$PWD/$planted/opt")

# The sources without a fault. What is the same stays untouched, so that it is not built anew for each of them.
restore_sources() {
    local path
    mkdir -p "$planted/tree"
    while read -r path; do
        if [ -e "$path" ] && ! cmp -s "$path" "$planted/tree/$path"; then
            mkdir -p "$planted/tree/${path%/*}"
            cp -p "$path" "$planted/tree/$path"
        fi
    done < <(git ls-files --cached --others --exclude-standard Sources Tests)
    (cd "$planted/tree" && find Sources Tests -type f) | while read -r path; do
        if [ ! -e "$path" ]; then rm "$planted/tree/$path"; fi
    done
    # Only what the simulation is made of.
    {
        cat Package.swift
        printf '%s\n' 'package.products = []' 'package.dependencies = []' 'package.targets.removeAll {' \
            '    $0.type == .test && $0.name != "ProxySimulationTests" || $0.type == .executable || ["CBuild", "Fuzzing"].contains($0.name)' '}'
    } >"$planted/Package.swift"
    cmp -s "$planted/Package.swift" "$planted/tree/Package.swift" || cp "$planted/Package.swift" "$planted/tree/Package.swift"
}

# git is not to look for the repository around the copy.
plant() { (cd "$planted/tree" && GIT_CEILING_DIRECTORIES=${PWD%/*} git apply "../../$faults/$1.patch"); }

build_planted() {
    within "$build_seconds" swift build --package-path "$planted/tree" --build-tests "${planted_options[@]}" </dev/null >"$planted/build.log" 2>&1
}

# The first seed that fails, and what did not hold there, in $caught; nothing where all hold.
run_seeds() {
    local from seed
    caught=''
    for ((from = 0; from < planted_seeds; from += planted_batch)); do
        if WEATHER_SEEDS=$from-$((from + planted_batch - 1)) within "$planted_batch_seconds" swift test --package-path "$planted/tree" \
            --skip-build "${planted_options[@]}" --filter 'WeatherTests.*the chosen seeds' </dev/null >"$planted/run.log" 2>&1 &&
            (($(grep -ac '^seed [0-9]*$' "$planted/run.log") == planted_batch)); then
            continue
        fi
        caught=$(grep -aoE '↳ *seed [0-9]+: .*' "$planted/run.log" | head -n 1 | sed 's/^↳ *seed //' || true)
        if [ -z "$caught" ]; then
            # The process came to its end in one.
            seed=$(sed -n 's/^seed \([0-9]*\)$/\1/p' "$planted/run.log" | tail -n 1)
            caught="${seed:-$from}: $(grep -aoE 'Fatal error.*|Precondition.*' "$planted/run.log" | head -n 1 || true)"
            if [ "$caught" = "${seed:-$from}: " ]; then caught+='the process ended'; fi
        fi
        return 0
    done
}

# All faults, or the one that is named.
run_planted() {
    local names=() name finding failed=0 rows=()
    if [ -n "$1" ]; then
        [ -e "$faults/$1.patch" ] || fail "there is no fault $1 in $faults."
        names=("$1")
    else
        for name in "$faults"/*.patch; do names+=("$(basename "$name" .patch)"); done
    fi
    need_swift
    need_libraries
    for name in "${names[@]}"; do
        step "$name"
        restore_sources
        caught=''
        if ! plant "$name"; then
            finding="it does not apply any more: write it anew"
        elif ! build_planted; then
            grep -a 'error:' "$planted/build.log" | head -n 5 || tail -n 5 "$planted/build.log"
            finding="it does not build any more: write it anew"
        else
            run_seeds
            finding=${caught:+seed $caught}
            finding=${finding:-nothing noticed it in $planted_seeds seeds}
        fi
        [ -n "$caught" ] || failed=$((failed + 1))
        finding=$(cut -c1-200 <<<"$finding")
        say "    $finding"
        rows+=("$name|$finding")
        step_done
    done
    printf '\n'
    for name in "${rows[@]}"; do
        printf '%s\n    %s\n    %s\n' "${name%%|*}" "$(head -n 1 "$faults/${name%%|*}.patch")" "${name#*|}"
    done
    ((failed == 0)) || fail "$failed of ${#rows[@]} planted faults went unnoticed (above)."
    printf '\n'
    say "each of ${#rows[@]} planted faults was noticed"
}
