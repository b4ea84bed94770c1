import { DisplayId, type RemoteFacts } from '../../contract/remoteFacts.ts'

/** How `--shell` begins where the shell runs in another account (see the command `shell`). */
export const otherAccount = 'unix:'

/** What this machine is told to offer to remote sessions (REM-9). */
export interface HostRemote {
  /** VNC servers that are its displays, each once. */
  readonly screens: readonly { readonly display: DisplayId; readonly host: string; readonly port: number }[]
  /** The first line is the password of the VNC servers. */
  readonly passwordFile?: string | undefined
  /** The program of the terminal, in the agent's account, or `unix:` and the socket of one in another; undefined: none is offered. */
  readonly shell?: string | undefined
  /** Restarts the machine, as a line for the system's shell; undefined: no restart is offered. */
  readonly restartCommand?: string | undefined
}

/** What the service is told of it; undefined: nothing is offered. */
export function hostFacts({ screens, shell, restartCommand }: HostRemote): RemoteFacts | undefined {
  const displays = DisplayId.options.filter((id) => screens.some(({ display }) => display === id))
  if (displays.length === 0 && shell === undefined) return undefined
  return { displays, terminal: shell !== undefined, restart: restartCommand !== undefined }
}
