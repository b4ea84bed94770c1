import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { programs } from '../../../contract/testing/programs.ts'

/** For tests: a program of the product as its own process, ready, and ended with the test. */
export interface Running<Ready> {
  readonly ready: Ready
  readonly child: ChildProcess
  readonly stderr: () => string
  /** Ends it as a person would; answers its exit code. */
  stop(): Promise<number | null>
}

const checkout = fileURLToPath(new URL('../../../', import.meta.url))

/** Starts `node args`, waits for its ready line. Errors: it ended before, with what it said. */
export async function startProcess<Ready>(args: readonly string[], ready: z.ZodType<Ready>): Promise<Running<Ready>> {
  const child = spawn(process.execPath, args, { cwd: checkout, stdio: ['pipe', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  const ended = once(child, 'close')
  const line = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended])
  const parsed = ready.safeParse(typeof line[0] === 'string' ? JSON.parse(line[0]) : undefined)
  if (!parsed.success) {
    child.kill('SIGKILL')
    throw new Error(`${args[0]} did not become ready:\n${stderr}`)
  }
  return {
    ready: parsed.data,
    child,
    stderr: () => stderr,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
      return child.exitCode
    },
  }
}

/** Runs `node args` to its end. */
export async function runProcess(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, args, { cwd: checkout, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  await once(child, 'close')
  return { code: child.exitCode, stdout, stderr }
}

/** The real service with its embedded issuer and the demo's people. */
export const startService = (data: string): Promise<Running<{ service: string }>> =>
  startProcess(
    [programs.service, 'serve', '--data', data, '--port', '0', '--demo', '--json', '--parent-pipe'],
    z.object({ service: z.url() }),
  )

export const startBrowserHost = (service: string, data: string, ...more: string[]): Promise<Running<{ console: string }>> =>
  startProcess(
    [
      ...[programs.console, '--service', service, '--data', data, '--port', '0', '--downloads', `${data}/downloads`],
      ...['--json', '--parent-pipe', ...more],
    ],
    z.object({ console: z.url() }),
  )
