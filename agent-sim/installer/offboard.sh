#!/bin/sh
# Takes the Roomkeeper agent off this machine: its key, its files, and its place among what runs at start; tells the
# service. Afterwards, unenrol the room in the console.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
unit=/etc/systemd/system/roomkeeper-agent.service
node=$here/node_modules/node/bin/node

if grep -qxF "# Folder: $here" "$unit" 2>/dev/null; then
  [ "$(id -u)" -eq 0 ] || {
    echo 'The agent was registered by root: run this as root.' >&2
    exit 2
  }
  systemctl disable --now --quiet roomkeeper-agent.service
  rm -f -- "$unit"
  systemctl daemon-reload
fi

# What the agent was run with also takes it off: options such as --proxy and --ca are passed on.
if [ -e "$here/.data/agents/host/device/installation.json" ] && [ -x "$node" ]; then
  service=$("$node" -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).service' "$here/service.json")
  "$node" "$here/agent-sim/main.ts" offboard --device host --service "$service" --data "$here/.data" "$@"
fi

# Only what came with the agent goes: the folder may hold other things.
cd -- "$here"
rm -rf -- .data agent-sim contract node_modules package.json package-lock.json service.json allowlist.json \
  roomkeeper-enrolment.key INSTALL.txt install.ps1 offboard.ps1 install.sh offboard.sh
cd /
if rmdir -- "$here" 2>/dev/null; then echo 'The agent and its files are gone.'; else echo "The agent and its files are gone. Other files stay in $here"; fi
