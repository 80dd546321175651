# shellcheck shell=bash
# Sourced by tests/compose/run: finds a container engine that can run containers here.
#
# Sets ENGINE (docker or podman) and COMPOSE (an array: the compose command), and ends the script
# where there is none. Where docker-compose has to do with Podman, it does so through a socket that
# stop_engine ends.

readonly BASE=debian:bookworm-slim
readonly SOCKET_TIMEOUT_S=10
readonly COMPOSE_ATTEMPTS=3

ENGINE=
COMPOSE=()
engine_folder=$(mktemp -d)
service_pid=

no_engine() {
  echo "tests/compose/run: $1" >&2
  echo "tests/compose/run needs Docker with Compose, or Podman; 'deploy/setup compose' installs Podman" >&2
  exit 1
}

find_engine() {
  if docker info >/dev/null 2>&1; then
    ENGINE=docker
    if docker compose version >/dev/null 2>&1; then
      COMPOSE=(docker compose)
    elif command -v docker-compose >/dev/null; then
      COMPOSE=(docker-compose)
    else
      no_engine "there is a Docker engine, but neither 'docker compose' nor docker-compose"
    fi
  elif command -v podman >/dev/null; then
    ENGINE=podman
    # HEALTHCHECK is unknown to the OCI image format.
    export BUILDAH_FORMAT=docker
    podman info >/dev/null || no_engine "podman does not work here"
    find_podman_compose
  else
    no_engine "there is no container engine"
  fi
}

# podman-compose comes first: it needs no socket.
find_podman_compose() {
  if command -v podman-compose >/dev/null; then
    COMPOSE=(podman-compose)
  elif command -v docker-compose >/dev/null; then
    COMPOSE=(docker-compose)
    serve_podman
  elif docker compose version >/dev/null 2>&1; then
    COMPOSE=(docker compose)
    serve_podman
  else
    no_engine "there is Podman, but neither podman-compose nor docker-compose"
  fi
}

# Starts Podman's Docker socket, for docker-compose.
serve_podman() {
  local socket=$engine_folder/podman.sock waited
  stop_service
  rm -f "$socket"
  podman system service --time=0 "unix://$socket" >>"$engine_folder/service.log" 2>&1 &
  service_pid=$!
  for ((waited = 0; waited < SOCKET_TIMEOUT_S * 10; ++waited)); do
    [[ -S $socket ]] && break
    sleep 0.1
  done
  [[ -S $socket ]] || no_engine "podman system service did not start: $(tail -n 3 "$engine_folder/service.log")"
  export DOCKER_HOST=unix://$socket
}

stop_service() {
  [[ -n $service_pid ]] || return 0
  kill "$service_pid" 2>/dev/null
  wait "$service_pid" 2>/dev/null
  service_pid=
}

stop_engine() {
  stop_service
  rm -rf "$engine_folder"
}

# compose_command ARGUMENT...: the compose command. Podman's service at times stops answering (seen
# with 4.3), so a failed command is given again, with a fresh service; up and down may be repeated.
compose_command() {
  local attempt
  for ((attempt = 1; attempt <= COMPOSE_ATTEMPTS; ++attempt)); do
    "${COMPOSE[@]}" "$@" && return
    [[ -n $service_pid ]] || return 1
    serve_podman
  done
  return 1
}

# The base image: the engine's own, else pulled, else made by debootstrap from Debian's packages.
provide_base() {
  "$ENGINE" image inspect "$BASE" >/dev/null 2>&1 && return
  "$ENGINE" pull --quiet "docker.io/library/$BASE" 2>/dev/null && return
  command -v debootstrap >/dev/null || no_engine "$BASE cannot be pulled, and there is no debootstrap to make it"
  [[ $EUID -eq 0 ]] || no_engine "$BASE cannot be pulled, and debootstrap needs root to make it"
  debootstrap --variant=minbase bookworm "$engine_folder/base" >"$engine_folder/debootstrap.log"
  tar -C "$engine_folder/base" -c . | "$ENGINE" import - "docker.io/library/$BASE" >/dev/null
  rm -rf "$engine_folder/base"
}

# A container must really start: an engine that is only installed is none.
try_engine() {
  local error
  error=$("$ENGINE" run --rm "$BASE" true 2>&1) && return
  if [[ $ENGINE == podman ]]; then
    # Where this process itself is confined, Podman's default limits are above its own.
    printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=%s:%s"]\n' \
      1000 1000 1000 1000 >"$engine_folder/containers.conf"
    export CONTAINERS_CONF=$engine_folder/containers.conf
    error=$(podman run --rm "$BASE" true 2>&1) && return
  fi
  no_engine "$ENGINE cannot run a container here: $error"
}
