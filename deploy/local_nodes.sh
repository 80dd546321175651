# Sourced by deploy/quickstart: three docstored processes on loopback.
#
# A process is one of ours when its executable is $BIN/docstored and its --data is the directory of
# one of our nodes; no other is ever touched. Needs DIR, BIN, PORT, LOCK, say, die and fail.

readonly NODES=(1 2 3)
# Seconds until a node must serve, and until it must have ended after SIGTERM.
readonly READY_TIMEOUT_S=60
readonly END_TIMEOUT_S=15
readonly POLL_S=0.05

client_port() { echo $((PORT + ($1 - 1) * 10)); }
client_address() { echo "127.0.0.1:$(client_port "$1")"; }
peer_address() { echo "127.0.0.1:$(($(client_port "$1") + 1))"; }
http_address() { echo "127.0.0.1:$(($(client_port "$1") + 2))"; }

# Prints the pid of node $1's process; fails when there is none.
node_pid() {
  local process executable
  while read -r process executable; do
    [[ $executable == "$BIN/docstored" || $executable == "$BIN/docstored (deleted)" ]] || continue
    if has_data_directory "$process" "$DIR/node$1"; then
      echo "${process#/proc/}"
      return
    fi
  done < <(find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' -printf '%h %l\n' 2>/dev/null)
  return 1
}

# Whether the process of /proc directory $1 was started with --data $2.
has_data_directory() {
  local arguments i
  { mapfile -d '' arguments <"$1/cmdline"; } 2>/dev/null || return 1
  for ((i = 1; i < ${#arguments[@]}; ++i)); do
    [[ ${arguments[i - 1]} == --data && ${arguments[i]} == "$2" ]] && return
  done
  return 1
}

# Prints who listens on port $1 where a node of ours would; fails when nobody does.
port_holder() {
  local hex inode owner pid command
  printf -v hex '%04X' "$1"
  read -r inode owner < <(awk -v port="$hex" '
    BEGIN {
      zeros = "00000000"
      any[zeros]; any["0100007F"]; any[zeros zeros zeros zeros]; any[zeros zeros "FFFF0000" "0100007F"]
    }
    $4 == "0A" { split($2, at, ":"); if (at[2] == port && at[1] in any) { print $10, $8; exit } }
  ' /proc/net/tcp /proc/net/tcp6 2>/dev/null) || return 1
  pid=$(find /proc -maxdepth 3 -path '/proc/[0-9]*/fd/*' -lname "socket:\[$inode\]" -print -quit 2>/dev/null) || true
  if [[ -z $pid ]]; then
    echo "a process of user $(id -nu "$owner" 2>/dev/null || echo "$owner")"
    return
  fi
  pid=${pid#/proc/}
  pid=${pid%%/*}
  command=$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) || true
  echo "process $pid (${command:0:120})"
}

# Ends, naming each holder, unless node $1's three ports are free.
check_ports() {
  local port holder taken=''
  for port in $(client_port "$1") $(($(client_port "$1") + 1)) $(($(client_port "$1") + 2)); do
    if holder=$(port_holder "$port"); then taken+="port $port is taken by $holder; "; fi
  done
  [[ -z $taken ]] ||
    die "${taken%; }" "end that, or choose other ports: DOCSTORE_QUICKSTART_PORT=17421 deploy/quickstart"
}

# Starts node $1; it is a process of ours, not yet ready, on return.
launch_node() {
  local seeds='' other
  for other in "${NODES[@]}"; do
    [[ $other == "$1" ]] || seeds+=",$(peer_address "$other")"
  done
  setsid "$BIN/docstored" --name "node$1" --cluster quickstart --data "$DIR/node$1" \
    --listen "$(client_address "$1")" --peer-listen "$(peer_address "$1")" \
    --http-listen "$(http_address "$1")" --seeds "${seeds#,}" \
    {LOCK}>&- </dev/null >>"$DIR/node$1.log" 2>&1 &
  local pid=$!
  disown
  # Until it is docstored, it is a copy of this script; node_pid would not find it.
  while [[ -e /proc/$pid/exe && $(readlink "/proc/$pid/exe") != "$BIN/docstored" ]]; do
    sleep "$POLL_S"
  done
}

# Waits until node $1 takes calls.
wait_ready() {
  local end=$((SECONDS + READY_TIMEOUT_S)) status
  while true; do
    status=$("$BIN/docstore" --server "$(client_address "$1")" --output json -e 'cluster status' 2>/dev/null) || true
    # Another docstored may have been quicker at this port.
    if [[ $status == *'"ready":true'* && $status == *"\"seen_by\":\"node$1\""* ]]; then return; fi
    node_pid "$1" >/dev/null || fail "node$1 has ended" "its log above says why: $DIR/node$1.log"
    ((SECONDS < end)) ||
      fail "node$1 is not ready after $READY_TIMEOUT_S s" "look into $DIR/node$1.log, then deploy/quickstart stop"
    sleep "$POLL_S"
  done
}

# Starts the nodes that are down; a node that runs an older binary is restarted.
start_nodes() {
  local node pid down=()
  # Whether an earlier run has left data.
  FOUND_DATA=0
  for node in "${NODES[@]}"; do
    [[ ! -d $DIR/node$node ]] || FOUND_DATA=1
    if pid=$(node_pid "$node") && [[ $(readlink "/proc/$pid/exe") == "$BIN/docstored" ]]; then
      say "node$node runs already, pid $pid"
    else
      [[ -z $pid ]] || end_node "$node"
      check_ports "$node"
      down+=("$node")
    fi
  done
  for node in "${down[@]}"; do launch_node "$node"; done
  for node in "${NODES[@]}"; do wait_ready "$node"; done
  for node in "${down[@]}"; do
    say "node$node: clients $(client_address "$node"), peers $(peer_address "$node")," \
      "http $(http_address "$node"), pid $(node_pid "$node")"
  done
  say "data and logs: $DIR"
}

# Ends node $1, with SIGKILL when SIGTERM is not enough; does nothing when it is down.
end_node() {
  local pid end=$((SECONDS + END_TIMEOUT_S))
  pid=$(node_pid "$1") || return 0
  kill -TERM "$pid" 2>/dev/null || true
  while node_pid "$1" >/dev/null; do
    if ((SECONDS >= end)); then
      kill -KILL "$(node_pid "$1")" 2>/dev/null || true
      end=$((SECONDS + END_TIMEOUT_S))
    fi
    sleep "$POLL_S"
  done
  say "node$1 (pid $pid) has ended"
}

stop_nodes() {
  local node ended=0
  for node in "${NODES[@]}"; do
    if node_pid "$node" >/dev/null; then
      end_node "$node"
      ended=$((ended + 1))
    fi
  done
  echo "quickstart: $ended nodes ended; their data stays in $DIR"
}
