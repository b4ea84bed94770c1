import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** What is ours in a data folder. Nothing else in it is ever removed. */
const ours = ['service', 'agents', 'host', 'console', 'logs', 'enrolment.key', 'northwind', 'open']

const Marker = z.object({ product: z.literal('roomkeeper'), kind: z.enum(['demo', 'own']) })
/** Who runs, and with a console in the browser: its service, by which a new link can be had. */
const Running = z.object({ pid: z.int(), service: z.string().optional() })

function read<T>(schema: z.ZodType<T>, file: string): T | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

export interface DataFolder {
  readonly path: string
  /** Notes the service of a console in the browser, for a second start that finds this folder in use. */
  note(service: string): void
  /** Gives the folder free again. */
  release(): void
}

/**
 * Takes a data folder for this start: makes it where it is missing, refuses one that is in use, that is not a folder of
 * Roomkeeper, or that holds the other kind of data, and with `reset` removes the demo's data from it.
 */
export function takeFolder(path: string, kind: 'demo' | 'own', reset: boolean): DataFolder {
  const markerFile = join(path, 'roomkeeper.json')
  const runningFile = join(path, 'start.json')
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const marker = read(Marker, markerFile)
  const running = read(Running, runningFile)
  if (running && running.pid !== process.pid && isAlive(running.pid)) {
    throw new Error(
      `Roomkeeper is running with the data folder ${path} already (process ${running.pid}).\n` +
        (running.service === undefined
          ? ''
          : `For a new link to its console:  npm run console -- --service ${running.service} --data ${JSON.stringify(path)}\n`) +
        `Or stop it, or take another folder with --data DIR.`,
    )
  }
  if (!marker) {
    const strangers = readdirSync(path).filter((name) => !ours.includes(name) && name !== 'own' && name !== 'start.json')
    if (strangers.length > 0) {
      throw new Error(`${path} holds other things (${strangers.slice(0, 3).join(', ')} …). Take an empty folder with --data DIR.`)
    }
    if (reset && existsSync(join(path, 'service'))) {
      throw new Error(`${path} was not made by the demo, so --reset-demo leaves it alone.`)
    }
  } else if (marker.kind !== kind) {
    throw new Error(
      marker.kind === 'demo'
        ? `${path} holds the demo. Take another folder for your own data with --data DIR.`
        : `${path} holds your own data, not the demo. Add --no-demo, or take another folder with --data DIR.`,
    )
  }
  if (reset) for (const name of ours) rmSync(join(path, name), { recursive: true, force: true })
  writeFileSync(markerFile, `${JSON.stringify({ product: 'roomkeeper', kind })}\n`)
  const note = (service?: string) => writeFileSync(runningFile, JSON.stringify({ pid: process.pid, service }), { mode: 0o600 })
  note()
  return { path, note, release: () => rmSync(runningFile, { force: true }) }
}
