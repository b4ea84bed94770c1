/** The systemd units of an agent that is installed on Linux: the agent, and the shell of its remote terminals in another account. */

export interface Installation {
  /** Where the agent lies; only root may change it. */
  readonly folder: string
  /** The Node that it runs on. */
  readonly node: string
  /** The agent's account, and groups of it beside its own: the one that may use the TPM. */
  readonly account: string
  readonly groups: readonly string[]
  /** The account of remote terminals; undefined: there are none. */
  readonly shellAccount?: string | undefined
}

/** Where the agent finds the shell; systemd listens there and gives it to the agent's account alone. */
export const shellSocket = '/run/roomkeeper-shell.socket'

/** A word of a unit: quoted, with what systemd would expand doubled; a line cannot end inside it. */
export const quoted = (text: string): string =>
  `"${text.replace(/[\\"]/gu, '\\$&').replace(/%/gu, '%%').replace(/\n/gu, '\\n').replace(/\r/gu, '\\r')}"`

/** A program with its arguments; the colon keeps systemd from replacing $NAME. */
const command = (node: string, args: readonly string[]): string => [`:${node}`, ...args].map(quoted).join(' ')

/** Nothing of the machine but what the agent reports, its data, the network and the TPM. It cannot forbid memory that is written and
 *  then run, since JavaScript engines compile; nor hide /proc, which is where the machine's parts are read. */
const confined = `NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectProc=invisible
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
DevicePolicy=closed
DeviceAllow=/dev/tpmrm0 rw
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
UMask=0077`

/** File names with their text. */
export function units({ folder, node, account, groups, shellAccount }: Installation): Record<string, string> {
  const agent = `${folder}/agent-sim/main.ts`
  const data = `${folder}/.data`
  const files: Record<string, string> = {
    'roomkeeper-agent.service': `# Folder: ${folder}
[Unit]
Description=Roomkeeper agent
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=${command(node, [agent, 'run', '--settings', `${folder}/settings.json`])}
User=${account}
${groups.length === 0 ? '' : `SupplementaryGroups=${groups.join(' ')}\n`}Restart=on-failure
RestartSec=30
ReadWritePaths=${quoted(data)}
${confined}

[Install]
WantedBy=multi-user.target
`,
  }
  if (shellAccount === undefined) return files
  return {
    ...files,
    'roomkeeper-shell.socket': `# Folder: ${folder}
[Unit]
Description=Remote terminals of the Roomkeeper agent

[Socket]
ListenStream=${shellSocket}
SocketUser=${account}
SocketMode=0600

[Install]
WantedBy=sockets.target
`,
    // What people may do in a terminal is for whoever administers the account; it only keeps them from the agent's keys.
    'roomkeeper-shell.service': `# Folder: ${folder}
[Unit]
Description=Shells of the remote terminals of the Roomkeeper agent
Requires=roomkeeper-shell.socket

[Service]
ExecStart=${command(node, [agent, 'shell'])}
User=${shellAccount}
InaccessiblePaths=${quoted(data)}
`,
  }
}
