#!/bin/sh
# Installs the Roomkeeper agent from the folder that this script lies in: see INSTALL.txt beside it.
set -eu
# What is made here is read by the agent's account, and changed by nobody else, whatever the caller's mask is.
umask 022
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
units=/etc/systemd/system
account=roomkeeper-agent
shell_account=roomkeeper-shell
ours='.data agent-sim contract node_modules package.json package-lock.json service.json settings.json ca.pem allowlist.json
roomkeeper-enrolment.key INSTALL.txt THIRD-PARTY-NOTICES.txt install.ps1 offboard.ps1 install.sh offboard.sh'
ours=$(printf '%s' "$ours" | tr '\n' ' ')

usage() {
  cat <<'TEXT'
Usage: sh install.sh [KEYFILE] [options]

  KEYFILE                    self-enrolment key (default: roomkeeper-enrolment.key beside this script)
  --account-token-file FILE  access token of the room's own account, instead of a key
  --new-key                  give a device that was installed here before another key, in the place of one that is lost; it keeps the
                             options that it was installed with, except those that are given now
  --key tpm|software         where the key is kept (default: where it is; at first the TPM where there is one)
  --foreground               run the agent here until Ctrl-C, and do not register it to run at start
  --terminal                 offer remote terminals, in the account roomkeeper-shell, when the agent runs at start
  --room NAME                name of the room (default: the name of this machine)
  --building, --city, --country, --floor TEXT   where the room is
  --proxy HOST:PORT | URL    a proxy; a URL with a path is a PAC file
  --pac URL                  a PAC file, whatever its address looks like
  --proxy-credentials FILE   its first line is user:password for proxies; a copy is kept for the agent's account alone
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

# What is run from here must be as it was unpacked, so nobody but this account and root may have a hand in it: neither in what lies
# here nor in a folder above, by whose owner it could be replaced.
# Beside the mode there may be an access list, which lets others in or makes what is written here theirs. find knows none of them; ls
# marks what has one, after the mode.
listed() {
  case $(LC_ALL=C ls -ld -- "$1") in ??????????+*) return 0 ;; esac
  return 1
}
refuse_others() {
  advice="Unpack the installer into a folder of its own that only administrators can change, such as /opt/roomkeeper-agent."
  me=$(id -u)
  # Many systems give each person a group of their own, and let it write.
  if [ "$(id -gn)" = "$(id -un)" ]; then own=$(id -g); else own=0; fi
  folder=$here
  while :; do
    # In a folder such as /tmp each may only change what is their own.
    open=$(find "$folder" -prune \( ! -user 0 ! -user "$me" -o \( -perm -020 ! -group "$own" -o -perm -002 \) ! -perm -1000 \) -print)
    [ -z "$open" ] || fail "Others may change $folder. $advice"
    ! listed "$folder" || fail "$folder has an access list. $advice"
    [ "$folder" != / ] || break
    folder=$(dirname -- "$folder")
  done
  for entry in "$here"/* "$here"/.[!.]* "$here"/..?*; do
    name=${entry##*/}
    case " $ours " in
      *" $name "*) ;;
      *) if [ -e "$entry" ] || [ -h "$entry" ]; then fail "This folder also holds $name. $advice"; fi ;;
    esac
  done
  # What the agent wrote is its account's own, and is not run.
  open=$(find "$here" -name .data -prune -o \( ! -user 0 ! -user "$me" -o \( -perm -020 ! -group "$own" -o -perm -002 \) ! -type l \) -print | head -n 1)
  [ -z "$open" ] || fail "Others may change $open. $advice"
  # The name stands after the first slash.
  open=$(LC_ALL=C find "$here" -name .data -prune -o -exec ls -ld -- {} + | grep '^..........+' | head -n 1)
  [ -z "$open" ] || fail "/${open#*/} has an access list. $advice"
}

# What is for the agent is kept as the arguments of this script, each a word of its own.
foreground=no terminal=no new_key='' key='' credential='' secret='' proxy='' pac='' proxy_credentials='' ca=''
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
    --terminal) terminal=yes ;;
    --new-key) new_key=--new-key ;;
    --account-token-file | --key | --room | --building | --city | --country | --floor | --proxy | --pac | \
      --proxy-credentials | --ca)
      [ "$left" -gt 0 ] || fail "$argument needs a value."
      value=$1
      shift
      left=$((left - 1))
      case $argument in
        --account-token-file) credential=$argument secret=$(absolute "$value") ;;
        --ca) ca=$(absolute "$value") ;;
        --proxy-credentials) proxy_credentials=$(absolute "$value") ;;
        --key) key=$value ;;
        *)
          [ "$argument" != --proxy ] || proxy=$value
          [ "$argument" != --pac ] || pac=$value
          set -- "$@" "$argument" "$value"
          ;;
      esac
      ;;
    -*) fail "There is no option $argument. See: sh install.sh --help" ;;
    *) credential=--key-file secret=$(absolute "$argument") ;;
  esac
done
case $here in *[[:cntrl:]]*) fail "The name of this folder holds a line break, or what no name should: $here" ;; esac
refuse_others
found=no
if [ -z "$credential" ] && [ -r "$here/roomkeeper-enrolment.key" ]; then
  credential=--key-file secret=$here/roomkeeper-enrolment.key found=yes
fi

# Node and npm of this machine fetch the packages, one of which is the Node that the agent runs on.
needs='The agent needs Node.js 20.19 or newer, with npm, to be installed: https://nodejs.org'
for program in node npm; do
  command -v "$program" >/dev/null 2>&1 || fail "$needs"
done
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  fail "$needs. This is $(node --version)."

# With another key it goes on as it was installed; an option that is given now takes the place of the one from then.
settings=$here/settings.json
was() {
  [ -n "$new_key" ] && [ -e "$settings" ] || return 0
  node -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))[process.argv[2]] ?? ""' "$settings" "$1" 2>/dev/null ||
    fail "$settings is damaged. Remove it, and give all options again."
}
former_proxy=$(was proxy)
former_shell=$(was shell)
[ -n "$proxy$pac" ] || proxy=$former_proxy

closed_to_agent="The agent's account cannot enter $here. Move it to a folder such as /opt/roomkeeper-agent, and run this again."
systemd=no
if [ "$foreground" = no ] && [ -d /run/systemd/system ] && [ "$(id -u)" -eq 0 ]; then systemd=yes; fi
if [ "$systemd" = yes ]; then
  case $here/ in
    /home/* | /root/* | /run/user/*) fail "$closed_to_agent" ;;
  esac
  [ -z "$former_shell" ] || terminal=yes
  # An agent that runs already would hold its files.
  if grep -qxF "# Folder: $here" "$units/roomkeeper-agent.service" 2>/dev/null; then systemctl stop roomkeeper-agent.service; fi
elif [ "$terminal" = yes ]; then
  fail '--terminal needs root and systemd: remote terminals run in an account of their own.'
fi

# The same way out for npm, which knows no PAC files, and is shown no password: it may have one of its own.
case $proxy in
  '' | *://*/?*) ;;
  *://*) export HTTPS_PROXY="$proxy" ;;
  *) export HTTPS_PROXY="http://$proxy" ;;
esac
say 'Fetching what the agent needs. This takes a moment.'
# Only what the lock file has a checksum of; nothing of it runs while it is fetched.
(cd -- "$here" && npm ci --omit=dev --include=optional --ignore-scripts --no-audit --no-fund --loglevel=error)
node=
for locked in "$here"/node_modules/node-*/bin/node; do
  if [ -x "$locked" ]; then node=$locked; fi
done
if [ -z "$node" ]; then
  node=$(command -v node)
  "$node" -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 24 ? 0 : 1)' ||
    fail "The packages bring no Node for this kind of machine: install Node.js 24 or newer, and run this again."
fi
service=$("$node" -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).service' "$here/service.json")
agent=$here/agent-sim/main.ts data=$here/.data

# The agent's account cannot read files of people.
if [ -n "$ca" ]; then
  [ "$ca" = "$here/ca.pem" ] || cp -- "$ca" "$here/ca.pem"
  chmod 644 "$here/ca.pem"
  set -- "$@" --ca "$here/ca.pem"
fi
if [ -n "$proxy_credentials" ]; then
  mkdir -p -- "$data"
  chmod 700 "$data"
  kept=$data/proxy-credentials
  # The folder is the agent's account's own: whatever has this name there, also a link to a folder, is replaced.
  [ "$proxy_credentials" = "$kept" ] || install -T -m 400 -- "$proxy_credentials" "$kept"
  set -- "$@" --proxy-credentials "$kept"
fi
# Text of people stays whole in a file; a line of systemd would need quoting of its own.
if [ "$terminal" = yes ]; then set -- "$@" --shell unix:/run/roomkeeper-shell.socket; fi
"$node" -e '
  const fs = require("fs")
  const [file, newKey, ...given] = process.argv.slice(1)
  const all = newKey && fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : {}
  // Two words for one thing.
  if (given.includes("--proxy") || given.includes("--pac")) delete all.proxy, delete all.pac
  for (let at = 0; at < given.length; at += 2) all[given[at].slice(2)] = given[at + 1]
  fs.writeFileSync(file, JSON.stringify(all, null, 2) + "\n", { mode: 0o644 })
' -- "$settings" "$new_key" --profile generic --service "$service" --data "$data" "$@"

# With systemd, everything that speaks to the network or the TPM does so in the agent's account; so does, from then on, what writes its
# data: whoever has that account could lead root elsewhere by a link there.
own_account=$systemd
if [ "$(id -u)" -eq 0 ] && [ "$(stat -c %U "$data" 2>/dev/null)" = "$account" ]; then own_account=yes; fi
become=''
as_agent() { $become "$@"; }
tpm_group=''
if [ "$own_account" = yes ]; then
  for name in "$account" $([ "$terminal" = no ] || printf '%s' "$shell_account"); do
    id -u "$name" >/dev/null 2>&1 || useradd --system --user-group --no-create-home --home-dir / --shell /usr/sbin/nologin "$name"
  done
  if [ -c /dev/tpmrm0 ]; then
    tpm_group=$(stat -c %G /dev/tpmrm0)
    if [ "$tpm_group" = root ] || [ "$tpm_group" = UNKNOWN ]; then tpm_group=; fi
  fi
  mkdir -p -- "$data"
  # An agent that ran as root, before there was an account for it, owned this itself.
  chown -hR "$account:$account" "$data"
  chmod 700 "$data"
  # It reads what was unpacked, and where that lies, also if it was unpacked for root alone.
  chmod go+rx "$here"
  for name in agent-sim contract package.json service.json settings.json allowlist.json; do
    [ ! -e "$here/$name" ] || chmod -R go+rX "$here/$name"
  done
  become="setpriv --reuid $account --regid $account --groups ${tpm_group:-$account} --"
  as_agent test -r "$agent" || fail "$closed_to_agent"
fi

case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in
  fr*) language=fr ;;
  *) language=en ;;
esac
as_agent "$node" "$agent" check --profile generic --no-hosts --lang "$language"

# The hosts are those of a service that others reach; one on this machine needs none.
enrol() {
  if [ -f "$here/allowlist.json" ]; then set -- "$@" --allowlist "$here/allowlist.json"; fi
  if [ -n "$credential" ]; then set -- "$@" "$credential" "$handed"; fi
  # For this once: from then on the key is where it is.
  if [ -n "$key" ]; then set -- "$@" --key "$key"; fi
  if [ -n "$new_key" ]; then set -- "$@" "$new_key"; fi
  as_agent "$node" "$agent" enrol --settings "$settings" "$@"
}
handed=$secret
if [ "$own_account" = yes ] && [ -n "$secret" ]; then
  # A copy that the agent's account may read, in a folder that it may not change, for as long as the enrolment takes.
  passing=$(mktemp -d)
  trap 'rm -rf -- "$passing"' EXIT
  # Not every shell counts a signal as an end, and Ctrl-C is how one stops waiting for a service.
  trap 'exit 130' INT
  trap 'exit 143' HUP TERM
  chmod 711 "$passing"
  handed=$passing/secret
  install -o "$account" -m 400 -- "$secret" "$handed"
fi
enrol
if [ "$found" = yes ]; then
  rm -f -- "$secret"
  say 'The device is enrolled; its self-enrolment key was deleted here.'
elif [ -n "$secret" ]; then say "It is not needed here any more; you can delete $secret"; fi

if [ "$foreground" = yes ]; then
  exec $become "$node" "$agent" run --settings "$settings"
elif [ "$systemd" = yes ]; then
  set -- --to "$units" --account "$account"
  if [ -n "$tpm_group" ]; then set -- "$@" --group "$tpm_group"; fi
  if [ "$terminal" = yes ]; then set -- "$@" --shell-account "$shell_account"; fi
  "$node" "$agent" units "$@" >/dev/null
  systemctl daemon-reload
  if [ "$terminal" = yes ]; then systemctl enable --now --quiet roomkeeper-shell.socket; fi
  systemctl enable --quiet roomkeeper-agent.service
  systemctl restart roomkeeper-agent.service
  say 'The agent runs, and will at every start of this machine: systemctl status roomkeeper-agent'
else
  say 'The agent is installed. It is not registered to run at start: that needs root and systemd.'
  say "To run it until Ctrl-C: sh '$here/install.sh' --foreground"
fi
