import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from './paths.ts'

it('no source turns a rule off where it stands', () => {
  const sources = globSync('{agent-sim,bench,build,contract,e2e,main,preload,renderer,service}/**/*.{ts,vue}', { cwd: root })
  expect(sources.length).toBeGreaterThan(1_000)
  const turning = new RegExp('(es|ox)' + 'lint-(disable|enable)')
  expect(sources.filter((source) => turning.test(readFileSync(join(root, source), 'utf8')))).toEqual([])
})
