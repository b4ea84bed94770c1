import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { pages } from './docs.ts'
import { root } from './paths.ts'

it.each(Object.entries(pages))('%s says what the code says (else run: node build/docs.ts)', async (path, page) => {
  expect(readFileSync(join(root, path), 'utf8')).toBe(await page())
})
