#!/usr/bin/env bash
# Deploys Reelseal: pulumi up, then the cluster's secrets, then faas-cli up. docs/deploy.md explains each step.
#
#   infra/deploy.sh                 all steps
#   infra/deploy.sh check           only checks what all of them need
#   infra/deploy.sh infra | secrets | functions
#
# Inputs, by environment variable:
#   STACK          the Pulumi stack; default: the selected one
#   OPENFAAS_URL   the gateway's address for faas-cli, logged in with `faas-cli login`
#   REGISTRY, TAG  where the images go; TAG defaults to the commit
#   PLATFORMS      what the images are built for, by docker buildx: linux/amd64,linux/arm64; default: this machine's
#   EDITION        standard for OpenFaaS Standard or Enterprise: adds what only they know (scaling by load, service accounts); default: community
#   SIGNING_KEY    file: the private key that belongs to the first of reelseal:publicKeys; optional while that key stays the same
#   TOKEN_KEY      file: the HS256 key for tokens; optional once it was given, or when TOKEN_ISSUER is set
#   CALLBACK_KEY   file: the key that callbacks are signed with; optional once it was given, or without CALLBACK_HOSTS
set -euo pipefail
cd "$(dirname "$0")/.."

# The outputs of infra (StackOutputs in infra/plan) and the operator's secrets. A test keeps these lists equal to stack.yml and to the program.
settings="AWS_REGION CLOUDFRONT_URL KEY_PAIR_ID S3_BUCKET"
infra_secrets="reelseal-aws-ingest-video reelseal-aws-sign-playlist reelseal-origin-secret reelseal-origin-secret-previous"
operator_secrets="reelseal-callback-key reelseal-signing-key reelseal-token-key reelseal-worker-key"

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

step() { printf '\n== %s\n' "$*"; }
fail() { printf 'deploy: %s\n' "$*" >&2; exit 1; }
need() { command -v "$1" >/dev/null || fail "$1 is missing: $2"; }

# --- Pulumi. Everything but `up` runs without prompts: a question that nobody sees is an error.

ask_pulumi() { pulumi --cwd infra --non-interactive "$@" ${STACK:+--stack "$STACK"} 2>"$errors"; }

pulumi_failed() {
  local said
  said=$(cat "$errors")
  case "$said" in
    *"must be set for login"* | *"access token"* | *"pulumi login"*)
      fail "Pulumi is not logged in: run pulumi login, or set PULUMI_ACCESS_TOKEN. Pulumi says: $said" ;;
    *passphrase* | *PASSPHRASE*)
      fail "the stack's secrets need their passphrase: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE. Pulumi says: $said" ;;
    *"no stack"* | *"requires a stack"*)
      fail "no Pulumi stack${STACK:+ $STACK}: cd infra && pulumi stack init ${STACK:-production}" ;;
    *) fail "Pulumi failed: $said" ;;
  esac
}

# Reads one value of the stack's configuration into $value. Returns 1 only if it is not set; any other failure ends the script.
read_config() {
  value=$(ask_pulumi config get "$@") && return
  grep -q "not found for stack" "$errors" || pulumi_failed
  return 1
}

# Reads the stack's outputs into $outputs and makes sure that `pulumi up` has made all of them.
read_outputs() {
  local name
  outputs=$(ask_pulumi stack output --shell) || pulumi_failed
  for name in $settings $infra_secrets signingKeyFingerprint; do
    grep -q "^$name=." <<<"$outputs" || fail "the stack has no output $name yet: run make deploy STEP=infra first"
  done
}

# --- The cluster.

# The gateway never shows a secret's value, only its name. So a key that was given leaves a second secret, its mark, whose name says so:
# reelseal-signing-key-is-FINGERPRINT, reelseal-token-key-given, reelseal-callback-key-given. Without the mark, the secret may be a
# placeholder, or another key than the one that is wanted.
read_cluster() {
  secrets_there=$(faas-cli secret list 2>&1) || fail "faas-cli cannot list the secrets at $OPENFAAS_URL (faas-cli login?): $secrets_there"
}

has_secret() { grep -qxE "$1[[:space:]]*" <<<"$secrets_there"; }

# Puts one secret; its value comes from standard input. faas-cli exits with 0 even if the gateway refused, so only its words count.
put_secret() {
  local said
  said=$(faas-cli secret create "$1" --replace 2>&1) || :
  grep -qE '^(Created|Updated): ' <<<"$said" || fail "the cluster did not take the secret $1: $said"
  echo "   $1"
}

# Puts a key from a file and its mark. The old mark goes first: if anything fails in between, the key is asked for again.
put_key() {
  local old
  for old in $(grep -oE "^$1-(given|is-[0-9a-f]{12})" <<<"$secrets_there"); do
    faas-cli secret remove "$old" >/dev/null || fail "the cluster did not remove the secret $old"
  done
  put_secret "$1" <"$2"
  put_secret "$1-$3" <<<"$3"
}

# Puts a random value where the cluster has none: stack.yml names the secret, so it must exist, but nobody outside has to know it. It gets no mark.
put_random() {
  has_secret "$1" || openssl rand -base64 48 | put_secret "$1"
}

# --- Checks. None of them changes anything.

# The first 12 hexadecimal digits of the SHA-256 of a public key, as PublicKeyPem.Fingerprint in infra/plan. Takes the options of openssl pkey.
fingerprint() { openssl pkey -passin pass: "$@" -pubout -outform DER 2>/dev/null | openssl dgst -sha256 -r | cut -c1-12; }

check_infra() {
  need pulumi "https://www.pulumi.com/docs/install/"
  need dotnet "https://dotnet.microsoft.com/download"
  # requiredPulumiVersion in Pulumi.yaml says the same, but only to Pulumi 3.219 and later.
  local version name
  version=$(pulumi version)
  if [[ $version =~ ^v?([0-9]+)\.([0-9]+) ]] && ((BASH_REMATCH[1] < 3 || (BASH_REMATCH[1] == 3 && BASH_REMATCH[2] < 188))); then
    fail "Pulumi is $version, and 3.188 or later is needed: https://www.pulumi.com/docs/install/"
  fi
  ask_pulumi stack output >/dev/null || pulumi_failed
  for name in aws:region reelseal:gateway reelseal:publicKeys reelseal:originSecret; do
    read_config "$name" || fail "$name is not set: see infra/Pulumi.example.yaml"
  done
}

# `pulumi up` asks for confirmation on a terminal. Where nobody can answer, the operator has to say so beforehand.
check_confirmation() {
  [ -t 0 ] && [ -t 1 ] && [ -z "${CI:-}" ] && return
  case "${PULUMI_SKIP_CONFIRMATIONS:-}" in
    1 | [Tt][Rr][Uu][Ee]) ;;
    *) fail "pulumi up asks for confirmation and there is no terminal: set PULUMI_SKIP_CONFIRMATIONS=true to go ahead without" ;;
  esac
}

check_gateway() {
  need faas-cli "https://docs.openfaas.com/cli/install/"
  [ -n "${OPENFAAS_URL:-}" ] || fail "OPENFAAS_URL is not set"
  read_cluster
}

# Checks the three keys of the operator. $1 is the fingerprint of the public key whose private half sign-playlist needs.
check_keys() {
  need openssl "it is a package of every distribution"
  if [ -n "${SIGNING_KEY:-}" ]; then
    check_file SIGNING_KEY "$SIGNING_KEY"
    local given
    given=$(fingerprint -in "$SIGNING_KEY") || fail "SIGNING_KEY is $SIGNING_KEY, which is not an unencrypted private key in PEM"
    [ "$given" = "$1" ] || fail "SIGNING_KEY is not the private half of the first of reelseal:publicKeys: CloudFront would refuse every URL that it signs"
  elif ! has_secret reelseal-signing-key; then
    fail "SIGNING_KEY is not set, and the cluster has no secret reelseal-signing-key yet"
  elif ! has_secret "reelseal-signing-key-is-$1"; then
    fail "SIGNING_KEY is not set, and the cluster's signing key is not known to be the private half of the first of reelseal:publicKeys:" \
      "with another key, CloudFront would refuse every URL. Set SIGNING_KEY to the file of the private key"
  fi
  check_shared_key TOKEN_KEY reelseal-token-key "${TOKEN_KEY:-}" "${TOKEN_ISSUER:+unused}" "neither TOKEN_KEY nor TOKEN_ISSUER is set"
  check_shared_key CALLBACK_KEY reelseal-callback-key "${CALLBACK_KEY:-}" "${CALLBACK_HOSTS:-unused}" "CALLBACK_HOSTS is set, but CALLBACK_KEY is not"
}

# check_shared_key VARIABLE SECRET FILE USE SENTENCE: USE is "unused" when the function can do without the key.
check_shared_key() {
  if [ -n "$3" ]; then
    check_file "$1" "$3"
    [ "$(tr -d '[:space:]' <"$3" | wc -c)" -ge 32 ] || fail "$1 holds fewer than 32 characters (openssl rand -base64 48)"
  elif [ "$4" != unused ] && ! has_secret "$2-given"; then
    if has_secret "$2"; then fail "$5, and the cluster's secret $2 is a placeholder, or was not put by this script: set $1"; fi
    fail "$5, and the cluster has no secret $2 yet"
  fi
}

check_file() { [ -f "$2" ] && [ -r "$2" ] || fail "$1 is $2, which cannot be read"; }

check_secrets() {
  check_gateway
  need openssl "it is a package of every distribution"
  read_config reelseal:publicKeys || fail "reelseal:publicKeys is not set: see infra/Pulumi.example.yaml"
  [[ $value != \[* ]] || read_config --path 'reelseal:publicKeys[0]' || fail "reelseal:publicKeys is an empty list: see infra/Pulumi.example.yaml"
  local first
  first=$(fingerprint -pubin <<<"${value//\\n/$'\n'}") || fail "the first of reelseal:publicKeys is not a public key in PEM"
  check_keys "$first"
}

check_functions() {
  check_gateway
  need docker "https://docs.docker.com/engine/install/"
  docker info >/dev/null 2>&1 || fail "docker is installed, but its daemon does not answer"
  [ -n "${REGISTRY:-}" ] || fail "REGISTRY is not set: the images are pushed there, for example ghcr.io/you"
  case "${EDITION:-community}" in
    community | edge | standard) ;;
    *) fail "EDITION is $EDITION: community (the default), edge or standard" ;;
  esac
}

# --- Steps.

deployed_fingerprint() { sed -n "s/^signingKeyFingerprint='\{0,1\}\([0-9a-f]*\).*/\1/p" <<<"$outputs"; }

infra() {
  check_infra
  check_confirmation
  step "pulumi up"
  pulumi --cwd infra up ${STACK:+--stack "$STACK"}
}

secrets() {
  check_infra
  read_outputs
  check_gateway
  check_keys "$(deployed_fingerprint)"
  step "secrets"
  local name
  for name in $infra_secrets; do
    value=$(ask_pulumi stack output "$name" --show-secrets) || pulumi_failed
    put_secret "$name" <<<"$value"
  done
  [ -z "${SIGNING_KEY:-}" ] || put_key reelseal-signing-key "$SIGNING_KEY" "is-$(deployed_fingerprint)"
  if [ -n "${TOKEN_KEY:-}" ]; then put_key reelseal-token-key "$TOKEN_KEY" given; else put_random reelseal-token-key; fi
  if [ -n "${CALLBACK_KEY:-}" ]; then put_key reelseal-callback-key "$CALLBACK_KEY" given; else put_random reelseal-callback-key; fi
  put_random reelseal-worker-key # replicas use it among themselves
}

# stack.yml deploys on every edition. What only Standard and Enterprise know is added here: Community answers the labels with 400 and ignores the annotation.
faas_up() {
  local up="faas-cli up --yaml stack.yml ${PLATFORMS:+--publish --platforms $PLATFORMS}"
  case "${EDITION:-community}" in
    community | edge) $up ;;
    standard)
      $up --filter sign-playlist --annotation "com.openfaas.serviceaccount=${SIGN_SERVICE_ACCOUNT:-default}" \
        --label com.openfaas.scale.type=rps --label "com.openfaas.scale.target=${SIGN_SCALE_TARGET:-500}"
      # By requests in flight: a transcode is one request that lasts.
      $up --filter ingest-video --annotation "com.openfaas.serviceaccount=${INGEST_SERVICE_ACCOUNT:-default}" \
        --label com.openfaas.scale.type=capacity --label "com.openfaas.scale.target=${MAX_TRANSCODES:-2}"
      ;;
  esac
}

functions() {
  check_infra
  check_functions
  read_outputs
  local name
  for name in $infra_secrets $operator_secrets; do
    has_secret "$name" || fail "the cluster has no secret $name yet: run make deploy STEP=secrets first"
  done
  [ -z "${SIGNING_KEY:-}" ] || has_secret "reelseal-signing-key-is-$(deployed_fingerprint)" ||
    fail "the cluster does not have the private half of the first of reelseal:publicKeys yet: run make deploy STEP=secrets first"
  SIGNING_KEY='' TOKEN_KEY='' CALLBACK_KEY='' check_keys "$(deployed_fingerprint)" # what the cluster has, not what is at hand
  for name in $settings; do
    eval "$(sed -n "s/^$name=/export &/p" <<<"$outputs")"
  done
  step "faas-cli up"
  TAG=${TAG:-$(git describe --always --dirty 2>/dev/null || echo latest)}
  # A function reads its secrets when it starts: a new value of this annotation makes every deployment restart it.
  DEPLOYED=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  VERSION=${VERSION:-$(make --silent version 2>/dev/null || true)}
  export TAG DEPLOYED REGISTRY VERSION
  faas_up
}

case "${1:-all}" in
  check) check_infra; check_confirmation; check_secrets; check_functions; echo "Everything is there." ;;
  infra | secrets | functions) "$1" ;;
  all) check_infra; check_confirmation; check_secrets; check_functions; infra; secrets; functions ;;
  *) fail "no step is called $1: check, infra, secrets, functions" ;;
esac
