import { DisplayId } from '../../contract/remoteFacts.ts'
import { defaultRestartMs } from '../context.ts'
import type { HostRemote } from '../devices/host-remote.ts'
import { UsageError, wholeNumber } from './command.ts'

/** Options of what a real machine offers to remote sessions (REM-9). */
export const remoteOptions = {
  screen: { type: 'string', multiple: true },
  'vnc-password-file': { type: 'string' },
  shell: { type: 'string' },
  'restart-command': { type: 'string' },
} as const

const displays = DisplayId.options.join(', ')

export const remoteHelp = `  --screen DISPLAY=HOST:PORT   a VNC server that remote sessions see as this display: ${displays};
                             may be given once for each (default: none)
  --vnc-password-file FILE   its first line is the password of the VNC servers
  --shell PROGRAM | unix:SOCKET   what remote terminals run (default: no terminal): a program in the account of the agent, who
                             types there can use its keys; or the command "shell" in an account of its own
  --restart-command CMD      restarts this machine, as a line for its shell (default: no restart from a session)`

export const restartHelp = `  --restart-ms N             how long a simulated device is away when it restarts (default ${defaultRestartMs})`

/** The value of --restart-ms. @throws UsageError */
export const restartMsFrom = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : wholeNumber(value, '--restart-ms', 0, 3_600_000)

export interface RemoteValues {
  screen?: string[] | undefined
  'vnc-password-file'?: string | undefined
  shell?: string | undefined
  'restart-command'?: string | undefined
}

/** What the options offer, or undefined where they offer nothing. @throws UsageError */
export function remoteFrom(values: RemoteValues, simulated: boolean): HostRemote | undefined {
  const { screen = [], shell, 'vnc-password-file': passwordFile, 'restart-command': restartCommand } = values
  const given = Object.entries({
    '--screen': screen[0],
    '--shell': shell,
    '--vnc-password-file': passwordFile,
    '--restart-command': restartCommand,
  })
  const [first] = given.filter(([, value]) => value !== undefined)
  if (!first) return undefined
  if (simulated) throw new UsageError(`${first[0]} is for --device host; a simulated device has screens and a shell of its own.`)
  const empty = given.find(([, value]) => value === '')
  if (empty) throw new UsageError(`${empty[0]} is missing its value.`)
  const screens = screen.map(screenFrom)
  const twice = screens.find(({ display }, index) => screens.findIndex((other) => other.display === display) !== index)
  if (twice) throw new UsageError(`--screen names ${twice.display} twice.`)
  if (screens.length === 0 && passwordFile !== undefined) throw new UsageError('--vnc-password-file needs a --screen.')
  if (screens.length === 0 && shell === undefined)
    throw new UsageError('--restart-command needs a --screen or a --shell: sessions restart a machine.')
  return { screens, passwordFile, shell, restartCommand }
}

function screenFrom(text: string): HostRemote['screens'][number] {
  const [, name, bracketed, plain, port = ''] = /^(\w+)=(?:\[([0-9a-f:.]+)\]|([^\s:/@[\]]+)):(\d{1,5})$/iu.exec(text) ?? []
  const display = DisplayId.safeParse(name).data
  const host = bracketed ?? plain
  if (display === undefined || host === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw new UsageError(`--screen must be DISPLAY=HOST:PORT, where DISPLAY is one of ${DisplayId.options.join(', ')}, and is "${text}".`)
  }
  return { display, host, port: Number(port) }
}
