#!/bin/bash
# deploy/setup against a stand-in for dpkg, apt and sudo: what it asks for, and when it asks nobody.
set -uo pipefail

readonly SETUP=$PWD/deploy/setup
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# stub NAME TEXT: a command that does that and notes its call.
stub() {
  printf '#!/bin/bash\necho "%s $*" >>"%s/calls"\n%s\n' "$1" "$work" "$2" >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}

# fresh PACKAGE...: a machine where only those packages are installed, and nobody is sudo.
fresh() {
  rm -rf "$work/bin" "$work/deploy" "$work/calls"
  mkdir -p "$work/bin" "$work/deploy"
  touch "$work/calls"
  cp "$SETUP" "$work/deploy/setup"
  printf '%s\n' '# list' '[build]' 'libone-dev' 'tool thetool  # left out where thetool is' '' '[run]' \
    'libone' 'libone-dev' >"$work/deploy/packages.txt"
  stub dpkg-query "printf 'installed %s\n' $*"
  stub apt-get 'exit 9'
}

# run SECTION...: deploy/setup as a user who is not root; sets code and output.
run() {
  code=0
  output=$(unshare --user --map-user=1000 env -i PATH="$work/bin:/usr/bin:/bin" \
    bash "$work/deploy/setup" "$@" </dev/null 2>&1) || code=$?
}

expect() {
  if [[ $2 != $3 ]]; then
    echo "FAILED $1: '$2' does not match '$3'"
    failures=$((failures + 1))
  fi
}

fresh libone-dev tool libone
run build run
expect "nothing missing" "$code:$output" "0:"
expect "nothing missing asks dpkg alone" "$(grep -vc dpkg-query "$work/calls")" "0"

fresh libone
run build run
expect "not root, no sudo" "$code" "1"
expect "not root, no sudo: the line" "${output##*$'\n'}" \
  "apt-get update && apt-get install --no-install-recommends -y libone-dev tool"
expect "not root, no sudo: apt is left alone" "$(grep -c apt-get "$work/calls")" "0"

fresh libone
stub thetool ''
run build
expect "a command on PATH stands for its package" "${output##* }" "libone-dev"

fresh
run run
expect "only the sections asked for" "${output##* -y }" "libone libone-dev"

fresh libone
stub sudo 'exit 0'
run run
expect "sudo" "$code" "0"
expect "sudo gets the packages" "$(grep -v ' -n true' "$work/calls" | grep sudo)" \
  "sudo -- */bash $work/deploy/setup --install libone-dev"

fresh libone
stub sudo 'exit 1'
run run
expect "sudo that wants a password nobody can type" "$code:${output##* -y }" "1:libone-dev"

fresh
run nosuch
expect "unknown section" "$code:$output" "2:usage:*build run*"
run
expect "no section" "$code" "2"

if [[ $failures -eq 0 ]]; then echo "all of deploy/setup's cases passed"; fi
[[ $failures -eq 0 ]]
