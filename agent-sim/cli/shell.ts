import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { limits } from '../../contract/limits.ts'
import { HostTerminal } from '../terminal/host.ts'
import { serveShell } from '../terminal/shell-host.ts'
import { parse, print, processHelp, processOptions, type Command, UsageError } from './command.ts'
import { askedToEnd, processLog, releaseParent } from './process.ts'

/** Sessions whose terminals there is room for; a device has one at a time, and the one before it may still be ending. */
const sessionsAtOnce = 4

/** The first socket that systemd hands to a program. */
const handedOver = 3

export const shellCommand: Command = {
  help: `Usage: npm run agent -- shell [--listen PATH] [--program PROGRAM] [options]

Gives the agent its remote terminals from an account of its own, so that who types in one cannot read the agent's keys: the agent
runs with --shell unix:PATH. Whoever may open the socket gets a shell, so its rights are the agent's alone.

  --listen PATH              the socket (default: the one that systemd hands over)
  --program PROGRAM          what terminals run (default: the account's own shell)
${processHelp}`,
  async run(args, { clock }) {
    const { values } = parse(args, { ...processOptions, listen: { type: 'string' }, program: { type: 'string' } })
    const { listen, program } = values
    if (listen === undefined && Number(process.env['LISTEN_FDS'] ?? 0) !== 1)
      throw new UsageError('--listen is missing: systemd hands no socket over.')
    const log = processLog(values['log-level'])
    using asked = askedToEnd(values['parent-pipe'] ?? false)
    const server = createServer((socket) => {
      serveShell(socket, new HostTerminal({ shell: program, timers: clock }), (text) => {
        log.warn(text)
      })
    })
    server.maxConnections = limits.sessionChannelsOpen * sessionsAtOnce
    if (listen !== undefined) rmSync(listen, { force: true })
    // Nobody else may open it, from the moment it is there.
    const mask = process.umask(0o177)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(listen === undefined ? { fd: handedOver } : { path: listen }, resolve)
    })
    process.umask(mask)
    if (values.json) print(JSON.stringify({ ready: true }))
    log.info({ why: await asked.end }, 'ending')
    server.close()
    releaseParent()
    // Terminals that are open end with the process.
    process.exit(0)
  },
}
