#!/bin/bash
# no_mutants_test.sh SIM_MUTANTS BINARY...: no BINARY names a planted bug, which SIM_MUTANTS does.
set -euo pipefail

mutants=$1
shift
count=0
while read -r name _; do
  count=$((count + 1))
  if ! grep -qaF -- "$name" "$mutants"; then
    echo "$mutants does not name $name: this test cannot see it anywhere" >&2
    exit 1
  fi
  for binary in "$@"; do
    if grep -qaF -- "$name" "$binary"; then
      echo "$binary contains the planted bug $name" >&2
      exit 1
    fi
  done
done < <("$mutants" --list)
[[ $count -gt 0 ]]
echo "none of $count planted bugs in $*"
