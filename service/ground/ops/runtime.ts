import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { z } from 'zod'

/** What a running service tells this machine's user, and nobody else: where it is, and the secret of local commands. */
export const Runtime = z.object({ pid: z.int(), url: z.url(), adminSecret: z.string().min(1) })
export type Runtime = z.infer<typeof Runtime>

/** What the `token` command is answered. */
export const LocalUsers = z.array(z.object({ email: z.string(), role: z.string(), tenant: z.string() }))
export const LocalToken = z.object({ token: z.string() })

export function writeRuntime(path: string, runtime: Runtime): void {
  rmSync(path, { force: true })
  writeFileSync(path, `${JSON.stringify(runtime)}\n`, { mode: 0o600 })
}

/** Undefined where no service has written one. */
export function readRuntime(path: string): Runtime | undefined {
  try {
    return Runtime.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return undefined
  }
}

export const removeRuntime = (path: string): void => rmSync(path, { force: true })
