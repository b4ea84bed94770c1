#!/bin/sh
# Takes the Roomkeeper agent off this machine: its key, its files, and its place among what runs at start; tells the
# service. Afterwards, unenrol the room in the console.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
units=/etc/systemd/system
account=roomkeeper-agent
shell_account=roomkeeper-shell
node=$(command -v node || true)
for locked in "$here"/node_modules/node-*/bin/node; do
  if [ -x "$locked" ]; then node=$locked; fi
done

registered=no
if grep -qxF "# Folder: $here" "$units/roomkeeper-agent.service" 2>/dev/null; then
  [ "$(id -u)" -eq 0 ] || {
    echo 'The agent was registered by root: run this as root.' >&2
    exit 2
  }
  registered=yes
  for unit in roomkeeper-agent.service roomkeeper-shell.socket roomkeeper-shell.service; do
    [ -e "$units/$unit" ] || continue
    systemctl disable --now --quiet "$unit"
    rm -f -- "$units/$unit"
  done
  systemctl daemon-reload
fi

# What the agent was run with also takes it off; other options, such as another --proxy, are passed on.
if [ -d "$here/.data/agents/host/device" ] && [ -x "$node" ]; then
  set -- "$here/agent-sim/main.ts" offboard --device host --settings "$here/settings.json" "$@"
  # By a link in its data, whoever has the agent's account could lead root elsewhere.
  if [ "$(id -u)" -eq 0 ] && [ "$(stat -c %U "$here/.data" 2>/dev/null)" = "$account" ]; then
    group=$account
    if [ -c /dev/tpmrm0 ]; then
      case $(stat -c %G /dev/tpmrm0) in
        root | UNKNOWN) ;;
        *) group=$(stat -c %G /dev/tpmrm0) ;;
      esac
    fi
    setpriv --reuid "$account" --regid "$account" --groups "$group" -- "$node" "$@" || failed=$?
  else
    "$node" "$@" || failed=$?
  fi
  # 3: it is off-boarded, and has said what it could not remove, which goes with the rest. Anything else is no end of it.
  case ${failed:-0} in 0 | 3) ;; *) exit "$failed" ;; esac
fi
if [ "$registered" = yes ]; then
  for name in "$account" "$shell_account"; do
    if id -u "$name" >/dev/null 2>&1; then userdel "$name"; fi
  done
fi

# Only what came with the agent goes: the folder may hold other things.
cd -- "$here"
rm -rf -- .data agent-sim contract node_modules package.json package-lock.json service.json settings.json ca.pem \
  allowlist.json roomkeeper-enrolment.key INSTALL.txt THIRD-PARTY-NOTICES.txt install.ps1 offboard.ps1 install.sh offboard.sh
cd /
if rmdir -- "$here" 2>/dev/null; then echo 'The agent and its files are gone.'; else echo "The agent and its files are gone. Other files stay in $here"; fi
