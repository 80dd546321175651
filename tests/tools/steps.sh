# shellcheck shell=bash
# Sourced by tests/run and .ci/run: says what each step is, how it ended and what it cost.

# step NAME COMMAND...: runs the command between two lines that name the step; its exit code.
step() {
  local name=$1 code=0 started=$SECONDS
  shift
  printf '\n==> %s\n' "$name"
  "$@" </dev/null || code=$?
  if [[ $code -eq 0 ]]; then
    printf '<== %s: ok, %d s\n' "$name" $((SECONDS - started))
  else
    printf '<== %s: FAILED (exit %d), %d s\n' "$name" "$code" $((SECONDS - started))
  fi
  return "$code"
}

# Bazel keeps its outputs under the home directory; where none is set, the account's own is meant.
export HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
