import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { readJson } from '../../../contract/answer.ts'
import { limits } from '../../../contract/limits.ts'
import type { Timers } from '../../../contract/system.ts'
import { within } from '../../../contract/timing.ts'
import { readIfThere, writePrivate } from '../../session/files.ts'

/** What a running browser host leaves in its folder, for a second start by the same user. */
const Runtime = z.object({ pid: z.int(), url: z.url(), secret: z.string().min(32) })
export type Runtime = z.infer<typeof Runtime>
const pathIn = (folder: string): string => join(folder, 'runtime.json')
const Link = z.object({ console: z.url() })

export const writeRuntime = (folder: string, runtime: Runtime): Promise<void> => writePrivate(pathIn(folder), JSON.stringify(runtime))

export const removeRuntime = (folder: string): void => rmSync(pathIn(folder), { force: true })

/** A new link from the host that holds the folder; undefined where none answers (it may be an Electron console). */
export async function linkFromRunning(folder: string, timers: Timers, timeoutMs = 3_000): Promise<string | undefined> {
  const bytes = await readIfThere(pathIn(folder))
  const runtime = Runtime.safeParse(bytes && parse(bytes))
  if (!runtime.success) return undefined
  try {
    return await within(timers, timeoutMs, async (signal) => {
      const headers = { authorization: `Bearer ${runtime.data.secret}` }
      const response = await fetch(new URL('/links', runtime.data.url), { method: 'POST', headers, signal, redirect: 'error' })
      return response.ok ? Link.parse(await readJson(response.body, limits.bodyBytes)).console : undefined
    })
  } catch {
    return undefined
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
