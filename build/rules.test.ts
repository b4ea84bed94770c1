import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rules } from './docs/rules.ts'
import { root } from './paths.ts'

const folders = 'agent-sim,bench,build,contract,e2e,main,preload,renderer,service'
const files = globSync([`{${folders}}/**/*.{test,spec}.ts`, `{${folders}}/**/testing/**/*.ts`], { cwd: root })

/** What titles of tests begin with: `[ACC-1, ACC-4] …`. */
const named = files.flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/(?:describe|test|it)(?:\.\w+)?(?:<[^>]*>)?\(\s*['"`]\[([^\]'"`]+)\]/g)].flatMap(
    ([, ids = '']) => ids.split(/, ?/).map((id) => ({ id, file })),
  ),
)

describe('a title of a test', () => {
  it('names a rule that there is', () => {
    expect(files.length).toBeGreaterThan(250)
    expect(named.filter(({ id }) => !(id in rules))).toEqual([])
  })

  it('proves each rule that is built, and none that is not', () => {
    const proved = new Set(named.map(({ id }) => id))
    const built = Object.keys(rules).filter((id) => !rules[id]?.planned)
    expect(built.filter((id) => !proved.has(id))).toEqual([])
    expect(Object.keys(rules).filter((id) => rules[id]?.planned && proved.has(id))).toEqual([])
  })
})
