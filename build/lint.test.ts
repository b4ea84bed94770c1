import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Linter } from 'eslint'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { root } from './paths.ts'

/** What the linters cannot say of the sources. */

const folders = 'agent-sim,bench,build,contract,e2e,main,preload,renderer,service'
const sources = globSync(`{${folders}}/**/*.{ts,vue,mjs,js}`, { cwd: root }).map((name) => ({
  name,
  lines: readFileSync(join(root, name), 'utf8').split('\n'),
}))
const lines = sources.flatMap(({ name, lines: all }) => all.map((line, at) => ({ line, where: `${name}:${at + 1}` })))

describe('a source', () => {
  it('turns no rule off where it stands', () => {
    expect(sources.length).toBeGreaterThan(1_000)
    const turning = new RegExp('(es|ox)' + 'lint-(disable|enable)')
    expect(lines.filter(({ line }) => turning.test(line)).map(({ where }) => where)).toEqual([])
  })

  it('has lines of at most 140 characters', () => {
    expect(lines.filter(({ line }) => line.length > 140).map(({ where }) => where)).toEqual([])
  })
})

const Overrides = z.object({ overrides: z.array(z.object({ files: z.array(z.string()), rules: z.record(z.string(), z.unknown()) })) })
const Listed = z.tuple([z.literal('error')], z.object({ selector: z.string(), message: z.string() }))

const { overrides } = Overrides.parse(JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')))

/** How often a rule of the configuration refuses something in some code. */
function refusedBy(name: string): (code: string) => number {
  const [, ...listed] = Listed.parse(overrides.map(({ rules }) => rules[name]).find(Boolean))
  return (code) => new Linter().verify(code, [{ rules: { 'no-restricted-syntax': ['error', ...listed] } }]).length
}

describe('[rule 2] inside a transaction', () => {
  const refused = refusedBy('syntax/transactions')

  it.each([
    'store.write(tenant, doer, async (tx) => { await fetch(url) })',
    'store.writeMany(doer, async (on) => { const tx = on(tenant); await directory.principals(ids) })',
    'const handler = { async apply(command, { tx }) { await pause(10); tx.put(kind, doc) } }',
    'const handler = { check: async (command, context) => { checkPermitted(type, context); await deps.directory.search(text) } }',
  ])('nothing else is awaited: %s', (code) => {
    expect(refused(code)).toBe(1)
  })

  it.each([
    'store.write(tenant, doer, async (tx) => { await tx.tables.role().execute() })',
    'store.writeMany(doer, async (on) => { await settle(on(tenant), row) })',
    'const handler = { apply: async (command, context) => end(await incidentOf(id, context)) }',
    'async function elsewhere() { await fetch(url) }',
  ])('the store is: %s', (code) => {
    expect(refused(code)).toBe(0)
  })
})

describe('[rule 11] time, chance, ids and turns', () => {
  const refused = refusedBy('syntax/handed')

  it('are handed in wherever no browser is', () => {
    const files = overrides.filter(({ rules }) => 'syntax/handed' in rules).flatMap((override) => override.files)
    expect(files.toSorted()).toEqual(['agent-sim', 'contract', 'main', 'preload', 'service'].map((folder) => `${folder}/**/*.ts`))
  })

  it.each([
    'Date.now()',
    'const now = Date.now',
    'new Date()',
    'Date()',
    'performance.now()',
    'globalThis.performance.now()',
    'process.hrtime.bigint()',
    'setTimeout(run, 10)',
    'const wait = setInterval',
    'new Promise((resolve) => setImmediate(resolve))',
    'new Promise(setImmediate)',
    'globalThis.setTimeout(run)',
    'AbortSignal.timeout(10)',
    'Math.random()',
    'crypto.randomUUID()',
    'crypto.getRandomValues(bytes)',
    "import { randomBytes } from 'node:crypto'",
    "import { createHash, randomUUID as made } from 'crypto'",
    "import { uptime } from 'node:os'",
    "import { v7 } from 'uuid'",
    "import { setTimeout as pause } from 'node:timers/promises'",
    "import { performance } from 'node:perf_hooks'",
    "const { v7 } = await import('uuid')",
  ])('are not taken by %s', (code) => {
    expect(refused(code)).toBe(1)
  })

  it.each([
    'clock.now()',
    'new Date(at).toISOString()',
    'timers.after(10, run)',
    'answer.setTimeout(10, () => answer.destroy())',
    'random.bytes(16)',
    'queueMicrotask(run)',
    "import { createHash } from 'node:crypto'",
  ])('may be used as in %s', (code) => {
    expect(refused(code)).toBe(0)
  })
})
