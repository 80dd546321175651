# Sourced by deploy/quickstart: what the three nodes are shown doing, with measured numbers.
#
# Every step prints the shell command that did it. Needs local_nodes.sh and what deploy/quickstart
# defines before it. Expectations that fail end the run.

readonly RECORDS_DIR=/usr/share/iso-codes/json
# Through which node, into which collection, from which file, and the member that is the id. The
# array stands below the member that the file is named after.
readonly IMPORTS='
1 languages            iso_639-3  alpha_3
2 subdivisions         iso_3166-2 code
3 countries            iso_3166-1 alpha_2
3 former_countries     iso_3166-3 alpha_4
3 bibliographic_codes  iso_639-2  alpha_3
3 language_families    iso_639-5  alpha_3
3 currencies           iso_4217   alpha_3
3 scripts              iso_15924  alpha_4
'
# node2 imports one collection and is killed meanwhile.
readonly VICTIM=2
readonly VICTIM_COLLECTION=subdivisions
# The kill comes when the victim has this record of its file.
readonly KILL_AT=30
# An import may be over before it can be interrupted; then it is done once more.
readonly KILL_ATTEMPTS=20
readonly CONVERGE_TIMEOUT=60s

# Prints 14282 as 14 282.
grouped() {
  sed ':again;s/\([0-9]\)\([0-9]\{3\}\)\($\| \)/\1 \2\3/;t again' <<<"$1"
}

# Runs shell command $2 at node $1; output as JSON lines.
ask() {
  "$BIN/docstore" --server "$(client_address "$1")" --output jsonl -e "$2"
}

# Prints the line that runs shell command $2 at node $1.
show() {
  say "\$ docstore --server $(client_address "$1") -e '$2'"
}

say_shell() {
  say "below, docstore is $BIN/docstore"
}

# Runs shell command $2 at node $1, shows it and its output as a person would see it.
show_and_ask() {
  show "$1" "$2"
  "$BIN/docstore" --server "$(client_address "$1")" --output pretty -e "$2" | sed 's/^/        /'
}

# Prints member $1 of the JSON object on stdin: a number, true or a plain string.
member() {
  sed -n 's/.*"'"$1"'": *"\{0,1\}\([^",}]*\).*/\1/p' | head -n 1
}

import_command() {
  echo "import $1 $RECORDS_DIR/$2.json --at ${2#iso_} --id-field $3"
}

# Calls $1 NODE COLLECTION FILE ID for every import through node $2, or all when that is "all".
each_import() {
  local node collection file id
  while read -r node collection file id; do
    [[ -n $node ]] || continue
    if [[ $2 == all || $2 == "$node" ]]; then "$1" "$node" "$collection" "$file" "$id" || return; fi
  done <<<"$IMPORTS"
}

# How many records file $3 has: one a line that opens a brace below the array.
count_records() {
  grep -c '^    {' "$RECORDS_DIR/$3.json"
}

show_import() {
  show "$1" "$(import_command "$2" "$3" "$4")"
}

run_import() {
  ask "$1" "$(import_command "$2" "$3" "$4")"
}

# Prints the version of the record that the victim imports as number KILL_AT; nothing before there is
# one.
watched_version() {
  ask "$VICTIM" "get $VICTIM_COLLECTION/\"$WATCHED\" --all" 2>/dev/null | member version || true
}

# Starts the victim's import and kills the victim in its midst; fails when the import was over first.
kill_during_import() {
  local before version importer pid
  pid=$(node_pid "$VICTIM")
  before=$(watched_version)
  each_import run_import "$VICTIM" >"$SCRATCH/import$VICTIM" 2>"$SCRATCH/errors$VICTIM" &
  importer=$!
  while kill -0 "$importer" 2>/dev/null; do
    version=$(watched_version)
    if [[ -n $version && $version != "$before" ]]; then break; fi
  done
  kill -KILL "$pid"
  if wait "$importer"; then return 1; fi
  say "\$ kill -9 $pid   # node$VICTIM, when it had record $KILL_AT of its import"
}

import_and_kill() {
  local began attempt
  SCRATCH=$(mktemp -d "$DIR/run.XXXXXX")
  trap 'rm -rf -- "$SCRATCH"' EXIT
  [[ -r $RECORDS_DIR/iso_639-3.json ]] ||
    die "the records of the package iso-codes are missing" "install it: apt-get install iso-codes"
  RECORDS=$(($(each_import count_records all | paste -sd+)))
  say "$(grouped "$RECORDS") records from $RECORDS_DIR"
  WATCHED=$(sed -n 's/^ *"code": "\(.*\)",*$/\1/p' "$RECORDS_DIR/iso_3166-2.json" | sed -n "${KILL_AT}p")
  say "at once, those of one node one after the other:"
  each_import show_import all
  began=$(now_ms)
  local importers=() node
  for node in 1 3; do
    each_import run_import "$node" >"$SCRATCH/import$node" 2>"$SCRATCH/errors$node" &
    importers+=($!)
  done
  for ((attempt = 1; ; ++attempt)); do
    if kill_during_import; then break; fi
    ((attempt < KILL_ATTEMPTS)) || fail "the import was always over before node$VICTIM was killed" \
      "run deploy/quickstart again; if that does not help, report it"
    say "(node$VICTIM's import was over before the kill: once more)"
    launch_node "$VICTIM"
    wait_ready "$VICTIM"
  done
  say "node$VICTIM's shell was told: $(sed -n '/^error/{p;q}' "$SCRATCH/errors$VICTIM")"
  for node in 1 3; do
    wait "${importers[0]}" ||
      fail "an import through node$node failed: $(head -n 2 "$SCRATCH/errors$node")" "see the logs above"
    importers=("${importers[@]:1}")
  done
  IMPORTED=$(sum_imported 1 3)
  say "meanwhile node1 and node3 took $(grouped "$IMPORTED") records in $(seconds $(($(now_ms) - began)))"
}

# How many documents the imports through these nodes wrote.
sum_imported() {
  local node total=0 count
  for node in "$@"; do
    while read -r count; do total=$((total + count)); done < <(
      sed -n 's/.*"imported": *\([0-9]*\).*/\1/p' "$SCRATCH/import$node")
  done
  echo "$total"
}

bring_back() {
  local began told held pid
  told=$(sum_imported "$VICTIM")
  began=$(now_ms)
  launch_node "$VICTIM"
  wait_ready "$VICTIM"
  pid=$(node_pid "$VICTIM")
  held=$(documents_in "$VICTIM" "$VICTIM_COLLECTION")
  say "node$VICTIM is back after $(($(now_ms) - began)) ms, pid $pid: it had acknowledged $(grouped "$told")" \
    "records before the kill and holds $(grouped "$held")"
  ((held >= told)) ||
    fail "node$VICTIM lost acknowledged records" "this must never happen: keep $DIR and report it"
  say "the same import again, with the same ids, writes what the kill left out:"
  each_import show_import "$VICTIM"
  each_import run_import "$VICTIM" >"$SCRATCH/import$VICTIM" 2>"$SCRATCH/errors$VICTIM" ||
    fail "the import through node$VICTIM failed: $(head -n 2 "$SCRATCH/errors$VICTIM")" "see the logs above"
  IMPORTED=$((IMPORTED + $(sum_imported "$VICTIM")))
  say "$(grouped "$IMPORTED") records imported"
  ((IMPORTED == RECORDS)) ||
    fail "expected $(grouped "$RECORDS") records" "deploy/quickstart again imports them once more"
}

# Prints how many documents collection $2 has at node $1.
documents_in() {
  ask "$1" collections | grep -F "\"name\":\"$2\"" | member document_count || echo 0
}

# Waits until all nodes have everything, says how long that took.
converge() {
  local answer
  show "$1" "wait converged --timeout $CONVERGE_TIMEOUT"
  answer=$(ask "$1" "wait converged --timeout $CONVERGE_TIMEOUT") ||
    fail "the nodes have not converged: $answer" "see the logs above; cluster status shows who is behind"
  say "converged in $(member waited_ms <<<"$answer") ms"
}

export_collection() {
  local node folder
  for node in "${NODES[@]}"; do
    folder=$SCRATCH/node$node
    mkdir -p "$folder"
    ask "$node" "export $2" >"$folder/$2.jsonl"
  done
}

compare_nodes() {
  local node lines
  converge 3
  each_import export_collection all
  show 1 "export languages"
  for node in "${NODES[@]}"; do
    lines=$(cat "$SCRATCH/node$node"/*.jsonl | wc -l)
    say "node$node: $(grouped "$lines") documents," \
      "checksum of the exports $(cat "$SCRATCH/node$node"/*.jsonl | cksum | tr ' ' '-')"
    diff -rq "$SCRATCH/node1" "$SCRATCH/node$node" >/dev/null ||
      fail "node1 and node$node export different bytes" "this must never happen: keep $DIR and report it"
    # Documents of the user's own may have joined the records since an earlier run.
    ((lines == RECORDS || (FOUND_DATA && lines > RECORDS))) ||
      fail "node$node has $lines documents of $RECORDS" "this must never happen: keep $DIR and report it"
  done
  say "nothing lost: the exports of all three nodes are equal, byte for byte"
}

make_conflict() {
  local base at_first at_second
  base=$(ask 1 'put story/lunch {"dish":"soup","says":"node1"}' | member version)
  show 1 'put story/lunch {"dish":"soup","says":"node1"}'
  converge 1
  # Both say which version they read: whoever is second cannot have seen the other's.
  at_first="put story/lunch {\"dish\":\"fish\",\"says\":\"node1\"} --context $base"
  at_second="put story/lunch {\"dish\":\"rice\",\"says\":\"node2\"} --context $base"
  show 1 "$at_first"
  show 2 "$at_second"
  # What the shells remark on stderr is shown only when something is wrong.
  ask 1 "$at_first" >/dev/null 2>"$SCRATCH/errors1" &
  ask 2 "$at_second" >/dev/null 2>"$SCRATCH/errors2" && wait "$!" ||
    fail "a put failed: $(cat "$SCRATCH"/errors[12])" "see the logs above"
  converge 2
  show_and_ask 3 'get story/lunch --all'
  local versions
  versions=$(ask 3 'get story/lunch --all')
  [[ $versions == *'"fish"'* && $versions == *'"rice"'* ]] ||
    fail "node3 does not show both versions" "run deploy/quickstart again; if it stays so, report it"
}

resolve_conflict() {
  local node kept first
  show_and_ask 3 'resolve story/lunch keep 2'
  converge 3
  first=$(ask 1 'get story/lunch')
  for node in "${NODES[@]}"; do
    kept=$(ask "$node" 'get story/lunch')
    show "$node" 'get story/lunch'
    say "  $kept"
    [[ $kept == "$first" && -z $(ask "$node" 'conflicts story') ]] ||
      fail "node$node does not show the decision" "run deploy/quickstart again; if it stays so, report it"
  done
}
