import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { TestBrowser } from '../../session/testing/browser.ts'
import { tempFolder } from '../../testing/fakes.ts'
import { runProcess, type Running, startService } from '../testing/processes.ts'

/** The built program (main, cache worker, preload, screens) on Node, with a stand-in for Electron and the real service. */

const out = fileURLToPath(new URL('../../../out/electron/', import.meta.url))
const hook = new URL('testing/hook.mjs', import.meta.url).href
const amelie = { email: 'amelie.laurent@contoso.example' }

const Line = z.union([
  z.object({ ready: z.literal(true), console: z.string() }),
  z.object({ page: z.object({ type: z.string(), id: z.int(), value: z.unknown().optional() }) }),
  z.object({ opened: z.url() }),
  z.object({ file: z.string(), status: z.int(), type: z.string().nullable() }),
])
type Line = z.infer<typeof Line>

let folder: ReturnType<typeof tempFolder>
let service: Running<{ service: string }>
beforeEach(async () => {
  folder = tempFolder()
  service = await startService(join(folder.path, 'of-service'))
})
afterEach(async () => {
  await service.stop()
  folder.remove()
})

it('signs in, fills its encrypted cache through the built worker, and ends cleanly', async () => {
  const built = await runProcess('--input-type=module', '-e', `await (await import('./build/renderer.ts')).buildElectron()`)
  expect(built.code, built.stderr).toBe(0)
  const data = join(folder.path, 'data')
  const args = [
    '--import',
    hook,
    join(out, 'main', 'index.js'),
    '--service',
    service.ready.service,
    '--data',
    data,
    '--downloads',
    data,
    '--json',
    '--log-level',
    'info',
  ]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  const ended = once(child, 'close')
  const lines: Line[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(Line.parse(JSON.parse(line))))
  const see = <T>(look: () => T | undefined): Promise<T> =>
    untilPasses(() => {
      const found = look()
      if (found === undefined) throw new Error(`not yet: ${JSON.stringify(lines.at(-1))}\n${stderr}`)
      return found
    })
  const say = (what: object): void => void child.stdin.write(`${JSON.stringify(what)}\n`)
  const state = (id: number, like: object) =>
    see(() => lines.find((line) => 'page' in line && line.page.id === id && expect.objectContaining(like).asymmetricMatch(line.page.value)))
  try {
    await see(() => lines.find((line) => 'ready' in line))
    const script = /src="\.(\/assets\/[^"]+\.js)"/u.exec(readFileSync(join(out, 'renderer', 'index.html'), 'utf8'))?.[1] ?? ''
    for (const file of ['/', script]) say({ file })
    expect(await see(() => lines.find((line) => 'file' in line && line.file === script))).toMatchObject({
      status: 200,
      type: 'text/javascript; charset=utf-8',
    })

    say({ post: { type: 'listen', id: 1, name: 'session', input: {} } })
    say({ post: { type: 'listen', id: 2, name: 'sync', input: {} } })
    say({ post: { type: 'call', id: 3, name: 'session.signIn', input: { method: 'browser' } } })
    const opened = await see(() => lines.find((line) => 'opened' in line))
    await new TestBrowser().signIn('opened' in opened ? opened.opened : '', amelie)
    await state(1, { state: 'signedIn' })
    await state(2, { state: 'live' })
    say({ post: { type: 'call', id: 4, name: 'incidents.counts', input: {} } })
    await state(4, { needAction: 0 })

    child.kill('SIGTERM')
    await ended
    expect(child.exitCode, stderr).toBe(0)
  } finally {
    child.kill('SIGKILL')
  }
  const caches = readdirSync(join(data, 'console'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('cache.db'))
  expect(caches).toHaveLength(1)
  expect(readFileSync(join(data, 'console', caches[0] ?? ''), 'latin1')).not.toMatch(/^SQLite format 3|Contoso/u)
}, 180_000)

it('has a preload that a sandboxed window can load', () => {
  const preload = readFileSync(join(out, 'preload', 'index.cjs'), 'utf8')
  expect([...preload.matchAll(/require\(["']([^"']+)["']\)/gu)].map(([, name]) => name)).toEqual(['electron'])
  expect(preload).not.toMatch(/^\s*(import|export)\b/mu)
})
