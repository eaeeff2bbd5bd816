#!/usr/bin/env bash
# Deploys Reelseal: pulumi up, then the cluster's secrets, then faas-cli up. docs/deploy.md explains each step.
#
#   infra/deploy.sh                 all steps
#   infra/deploy.sh check           only what all of them need
#   infra/deploy.sh infra | secrets | functions
#
# Inputs, by environment variable:
#   STACK          the Pulumi stack; default: the selected one
#   OPENFAAS_URL   the gateway's address for faas-cli, logged in with `faas-cli login`
#   REGISTRY, TAG  where the images go; TAG defaults to the commit
#   SIGNING_KEY    file: the private key that belongs to the first of reelseal:publicKeys; may be left out once the cluster has it
#   TOKEN_KEY      file: the HS256 key for tokens; may be left out once the cluster has it, or when TOKEN_ISSUER is set
#   CALLBACK_KEY   file: the key that callbacks are signed with; may be left out once the cluster has it, or without CALLBACK_HOSTS
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }
fail() { printf 'deploy: %s\n' "$*" >&2; exit 1; }
need() { command -v "$1" >/dev/null || fail "$1 is missing: $2"; }
in_stack() { pulumi --cwd infra "$@" ${STACK:+--stack "$STACK"}; }
config() { in_stack config get "$@" 2>/dev/null; }
has_secret() { grep -qxE "$1[[:space:]]*" <<<"$secrets_there"; }
put_secret() { faas-cli secret create "$1" --replace >/dev/null && echo "   $1"; } # its value comes in through standard input
# Puts a secret from a file. Without one, and where the cluster has none, a random one: stack.yml names it, so it must be there, though nobody uses it.
put_or_make() {
  if [ -n "$2" ]; then
    put_secret "$1" <"$2"
  elif ! has_secret "$1"; then
    need openssl "a package of every distribution"
    openssl rand -base64 48 | put_secret "$1"
  fi
}
fingerprint() { openssl pkey "$@" -pubout -outform DER 2>/dev/null | openssl dgst -sha256; }

check_infra() {
  need pulumi "https://www.pulumi.com/docs/install/"
  need dotnet "https://dotnet.microsoft.com/download"
  in_stack stack output >/dev/null 2>&1 || fail "no Pulumi stack${STACK:+ $STACK}: cd infra && pulumi stack init ${STACK:-production}"
  local name
  for name in aws:region reelseal:gateway reelseal:publicKeys reelseal:originSecret; do
    config "$name" >/dev/null || fail "$name is not set: see infra/Pulumi.example.yaml"
  done
}

check_secrets() {
  need faas-cli "https://docs.openfaas.com/cli/install/"
  [ -n "${OPENFAAS_URL:-}" ] || fail "OPENFAAS_URL is not set"
  secrets_there=$(faas-cli secret list 2>&1) || fail "faas-cli cannot list the secrets at $OPENFAAS_URL (faas-cli login?): $secrets_there"
  if [ -n "${SIGNING_KEY:-}" ]; then
    [ -r "$SIGNING_KEY" ] || fail "SIGNING_KEY is $SIGNING_KEY, which cannot be read"
    need openssl "a package of every distribution"
    local public
    public=$(config --path 'reelseal:publicKeys[0]' || config reelseal:publicKeys) || fail "reelseal:publicKeys is not set: see infra/Pulumi.example.yaml"
    [ "$(fingerprint -in "$SIGNING_KEY")" = "$(fingerprint -pubin <<<"$public")" ] ||
      fail "SIGNING_KEY is not the private half of the first of reelseal:publicKeys: CloudFront would refuse every URL that it signs"
  else
    has_secret reelseal-signing-key || fail "SIGNING_KEY is not set, and the cluster has no secret reelseal-signing-key yet"
  fi
  if [ -n "${TOKEN_KEY:-}" ]; then
    [ -r "$TOKEN_KEY" ] || fail "TOKEN_KEY is $TOKEN_KEY, which cannot be read"
    [ "$(tr -d '[:space:]' <"$TOKEN_KEY" | wc -c)" -ge 32 ] || fail "TOKEN_KEY holds fewer than the 32 bytes that HS256 asks for"
  else
    has_secret reelseal-token-key || [ -n "${TOKEN_ISSUER:-}" ] ||
      fail "neither TOKEN_KEY nor TOKEN_ISSUER is set, and the cluster has no secret reelseal-token-key yet"
  fi
  if [ -n "${CALLBACK_KEY:-}" ]; then
    [ -r "$CALLBACK_KEY" ] || fail "CALLBACK_KEY is $CALLBACK_KEY, which cannot be read"
  else
    has_secret reelseal-callback-key || [ -z "${CALLBACK_HOSTS:-}" ] ||
      fail "CALLBACK_HOSTS is set, but CALLBACK_KEY is not, and the cluster has no secret reelseal-callback-key yet"
  fi
}

check_functions() {
  need faas-cli "https://docs.openfaas.com/cli/install/"
  need docker "https://docs.docker.com/engine/install/"
  docker info >/dev/null 2>&1 || fail "docker is there, but its daemon does not answer"
  [ -n "${OPENFAAS_URL:-}" ] || fail "OPENFAAS_URL is not set"
  [ -n "${REGISTRY:-}" ] || fail "REGISTRY is not set: the images are pushed there, for example ghcr.io/you"
}

infra() {
  check_infra
  step "pulumi up"
  in_stack up
}

secrets() {
  check_infra
  check_secrets
  step "secrets"
  local name
  for name in $(in_stack stack output --shell | sed -n 's/^\(reelseal-[a-z-]*\)=.*/\1/p'); do
    in_stack stack output "$name" --show-secrets | put_secret "$name"
  done
  [ -z "${SIGNING_KEY:-}" ] || put_secret reelseal-signing-key <"$SIGNING_KEY"
  put_or_make reelseal-token-key "${TOKEN_KEY:-}"
  put_or_make reelseal-callback-key "${CALLBACK_KEY:-}"
}

functions() {
  check_infra
  check_functions
  step "faas-cli up"
  eval "$(in_stack stack output --shell | sed -n 's/^[A-Z][A-Z0-9_]*=/export &/p')"
  [ -n "${S3_BUCKET:-}" ] || fail "the stack has no outputs: infra/deploy.sh infra"
  TAG=${TAG:-$(git describe --always --dirty 2>/dev/null || echo latest)}
  # A function reads its secrets when it starts: this annotation makes every deployment start it anew.
  DEPLOYED=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  export TAG DEPLOYED REGISTRY
  faas-cli up --yaml stack.yml
}

case "${1:-all}" in
  check) check_infra; check_secrets; check_functions; echo "Everything is there." ;;
  infra | secrets | functions) "$1" ;;
  all) check_infra; check_secrets; check_functions; infra; secrets; functions ;;
  *) fail "no step is called $1: check, infra, secrets, functions" ;;
esac
