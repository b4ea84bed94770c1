#!/bin/sh
# Installs the Roomkeeper agent from the folder that this script lies in: see INSTALL.txt beside it.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
unit=/etc/systemd/system/roomkeeper-agent.service

usage() {
  cat <<'TEXT'
Usage: sh install.sh [KEYFILE] [options]

  KEYFILE                    self-enrolment key (default: roomkeeper-enrolment.key beside this script)
  --account-token-file FILE  access token of the room's own account, instead of a key
  --foreground               run the agent here until Ctrl-C, and do not register it to run at start
  --room NAME                name of the room (default: the name of this machine)
  --building, --city, --country, --floor TEXT   where the room is
  --proxy HOST:PORT | URL    a proxy, or the address of a PAC file
  --ca FILE                  PEM certificates to trust in the place of the well-known ones
TEXT
}

say() { printf '%s\n' "$*"; }
fail() {
  say "$*" >&2
  exit 2
}
absolute() {
  [ -r "$1" ] || fail "There is no file $1 that can be read."
  printf '%s/%s' "$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd -P)" "$(basename -- "$1")"
}
# As a word of a systemd unit: quoted, with what systemd would expand doubled.
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g; s/%/%%/g')"; }

# What is for the agent is kept as the arguments of this script, each a word of its own.
foreground=no credential='' secret='' proxy=''
left=$#
while [ "$left" -gt 0 ]; do
  argument=$1
  shift
  left=$((left - 1))
  case $argument in
    -h | --help)
      usage
      exit 0
      ;;
    --foreground) foreground=yes ;;
    --account-token-file | --room | --building | --city | --country | --floor | --proxy | --ca)
      [ "$left" -gt 0 ] || fail "$argument needs a value."
      value=$1
      shift
      left=$((left - 1))
      case $argument in
        --account-token-file) credential=$argument secret=$(absolute "$value") ;;
        --ca)
          value=$(absolute "$value")
          set -- "$@" --ca "$value"
          ;;
        *)
          [ "$argument" != --proxy ] || proxy=$value
          set -- "$@" "$argument" "$value"
          ;;
      esac
      ;;
    -*) fail "There is no option $argument. See: sh install.sh --help" ;;
    *) credential=--key-file secret=$(absolute "$argument") ;;
  esac
done
if [ -z "$credential" ] && [ -r "$here/roomkeeper-enrolment.key" ]; then
  credential=--key-file secret=$here/roomkeeper-enrolment.key
fi

# Node and npm of this machine fetch the packages, one of which is the Node that the agent runs on.
needs='The agent needs Node.js 20.19 or newer, with npm, to be installed: https://nodejs.org'
command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || fail "$needs"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  fail "$needs. This is $(node --version)."

systemd=no
if [ -d /run/systemd/system ] && [ "$(id -u)" -eq 0 ]; then systemd=yes; fi
# An agent that runs already would hold its files.
if [ "$systemd" = yes ] && grep -qxF "# Folder: $here" "$unit" 2>/dev/null; then systemctl stop roomkeeper-agent.service; fi

# The same way out for npm, which knows no PAC files.
case $proxy in
  '' | *://*) ;;
  *) export HTTPS_PROXY="http://$proxy" ;;
esac
say 'Fetching what the agent needs. This takes a moment.'
(cd -- "$here" && npm install --omit=dev --no-audit --no-fund --loglevel=error)
node=$here/node_modules/node/bin/node
[ -x "$node" ] || fail "Node did not come with the packages: npm was told to run no install scripts. Allow them, then run this again."
service=$("$node" -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).service' "$here/service.json")
agent=$here/agent-sim/main.ts data=$here/.data

case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in
  fr*) language=fr ;;
  *) language=en ;;
esac
"$node" "$agent" check --profile generic --no-hosts --lang "$language"

# The hosts are those of a service that others reach; one on this machine needs none.
enrol() {
  if [ -f "$here/allowlist.json" ]; then set -- "$@" --allowlist "$here/allowlist.json"; fi
  if [ -n "$credential" ]; then set -- "$@" "$credential" "$secret"; fi
  "$node" "$agent" enrol --profile generic --service "$service" --data "$data" "$@"
}
enrol "$@"
if [ "$credential" = --key-file ]; then say "The key is not needed here any more; you can delete $secret"; fi

set -- "$node" "$agent" run --profile generic --service "$service" --data "$data" "$@"
if [ "$foreground" = yes ]; then
  exec "$@"
elif [ "$systemd" = yes ]; then
  # The colon keeps systemd from replacing $NAME.
  line=$(quoted ":$1")
  shift
  for word in "$@"; do line="$line $(quoted "$word")"; done
  cat >"$unit" <<UNIT
# Folder: $here
[Unit]
Description=Roomkeeper agent
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=$line
Restart=on-failure
RestartSec=30
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
UNIT
  systemctl daemon-reload
  systemctl enable --quiet roomkeeper-agent.service
  systemctl restart roomkeeper-agent.service
  say 'The agent runs, and will at every start of this machine: systemctl status roomkeeper-agent'
else
  say 'The agent is installed. It is not registered to run at start: that needs root and systemd.'
  say "To run it until Ctrl-C: sh '$here/install.sh' --foreground"
fi
