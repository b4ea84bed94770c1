import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
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
