import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machine } from '../../contract/machine.ts'
import { readConfig } from '../ground/config.ts'
import type { DeclaredRoute } from '../ground/http/routeAccess.ts'

export const routesHelp = `service routes: every HTTP route with what it needs, as one line of JSON

Starts the service on a folder of its own, which is removed again; no data is read.
`

/** As the running service registered them: nothing is written down twice. */
export async function routesCommand(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], strict: true, options: { help: { type: 'boolean' } } })
  if (values.help) return void process.stdout.write(routesHelp)
  const { startService } = await import('../server.ts')
  const data = mkdtempSync(join(tmpdir(), 'roomkeeper-routes-'))
  try {
    const { routes, stop } = await startService(readConfig({ data, port: 0, logLevel: 'silent' }), machine({ keepsAlive: true }))
    await stop()
    // Fastify answers HEAD wherever there is a GET.
    const shown = routes.filter(({ method }) => method !== 'HEAD').sort(byPath)
    process.stdout.write(`${JSON.stringify(shown)}\n`)
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

const byPath = (a: DeclaredRoute, b: DeclaredRoute): number => (textOf(a) < textOf(b) ? -1 : 1)
const textOf = ({ path, method }: DeclaredRoute): string => `${path} ${method}`
