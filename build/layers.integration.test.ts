import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { root, tool } from './paths.ts'
import { run } from './run.ts'

const Report = z.object({
  summary: z.object({ violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })) }),
})

/** Each row: a file, what it imports, and the rule that forbids it (none: it is allowed). */
const imports: [file: string, target: string, rule: string | undefined][] = [
  ['service/a.ts', '../contract/ids.ts', undefined],
  ['service/b.ts', '../main/core.ts', 'no-product-imports-another'],
  ['agent-sim/a.ts', '../service/main.ts', 'no-product-imports-another'],
  ['renderer/a.ts', '../preload/index.ts', 'no-product-imports-another'],
  ['renderer/b.vue', '../main/core.ts', 'no-product-imports-another'],
  ['renderer/c.ts', 'node:fs', 'screens-without-node'],
  ['renderer/vite.config.ts', 'node:path', undefined],
  ['contract/a.ts', 'node:crypto', 'contract-stands-alone'],
  ['contract/b.ts', 'zod', undefined],
  ['contract/c.ts', 'uuid', 'contract-stands-alone'],
  ['main/a.ts', 'electron', 'electron-in-its-host'],
  ['main/host/electron/a.ts', 'electron', undefined],
  ['preload/a.ts', 'electron', undefined],
  ['main/b.ts', 'fast-check', 'only-what-is-shipped'],
  ['main/b.test.ts', 'fast-check', undefined],
  ['e2e/a.ts', '../service/main.ts', 'tools-start-products'],
  ['build/a.ts', '../main/core.ts', 'tools-start-products'],
  ['service/d.ts', './nowhere.ts', 'everything-resolves'],
]

const targets = ['contract/ids.ts', 'main/core.ts', 'service/main.ts', 'preload/index.ts']

let folder: string

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'layers-'))
  for (const name of ['node_modules', '.dependency-cruiser.js', 'tsconfig.json', 'package.json']) {
    symlinkSync(join(root, name), join(folder, name))
  }
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe('the layer rules', () => {
  it('forbid what crosses a layer, and nothing else', async () => {
    for (const file of targets) write(file, 'export const value = 1\n')
    for (const [file, target] of imports) {
      const line = `import * as it from '${target}'\nexport default it\n`
      write(file, file.endsWith('.vue') ? `<script setup lang="ts">\n${line}</script>\n` : line)
    }
    const cruiser = tool('dependency-cruiser', 'bin', 'dependency-cruiser.mjs')
    const { output } = await run(process.execPath, [cruiser, '--config', '.dependency-cruiser.js', '--output-type', 'json', '.'], {
      cwd: folder,
    })
    const { violations } = Report.parse(JSON.parse(output)).summary
    const found = new Set(violations.map(({ from, rule }) => `${from} ${rule.name}`))
    const expected = imports.flatMap(([file, , rule]) => (rule === undefined ? [] : [`${file} ${rule}`]))
    expect([...found].sort()).toEqual(expected.sort())
  })

  it('see a circle of imports', async () => {
    write('service/one.ts', "import { two } from './two.ts'\nexport const one = () => two\n")
    write('service/two.ts', "import { one } from './one.ts'\nexport const two = () => one\n")
    const cruiser = tool('dependency-cruiser', 'bin', 'dependency-cruiser.mjs')
    const { code, output } = await run(process.execPath, [cruiser, '--config', '.dependency-cruiser.js', '.'], { cwd: folder })
    expect(output).toContain('no-circles')
    expect(code).not.toBe(0)
  })
})
