import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildOnce } from './stale.ts'

let checkout: string
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'stale-'))
  mkdirSync(join(checkout, 'src', 'deep'), { recursive: true })
  writeFileSync(join(checkout, 'src', 'deep', 'a.ts'), 'one')
})
afterEach(() => {
  rmSync(checkout, { recursive: true })
})

const build = (text: string) =>
  buildOnce('thing', ['src', 'missing.json'], (folder) => Promise.resolve(writeFileSync(join(folder, 'made'), text)), checkout)
const made = () => readFileSync(join(checkout, 'out', 'thing', 'made'), 'utf8')

describe('buildOnce', () => {
  it('builds once, and again when an input has changed, appeared or moved', async () => {
    expect(await build('first')).toBe(true)
    expect(await build('again')).toBe(false)
    expect(made()).toBe('first')
    writeFileSync(join(checkout, 'src', 'deep', 'a.ts'), 'two')
    expect(await build('second')).toBe(true)
    writeFileSync(join(checkout, 'missing.json'), '{}')
    expect(await build('third')).toBe(true)
    expect(made()).toBe('third')
  })

  it('does not mind tests', async () => {
    await build('first')
    writeFileSync(join(checkout, 'src', 'a.test.ts'), 'a test')
    expect(await build('second')).toBe(false)
  })

  it('keeps what was there when building fails, and leaves nothing beside it', async () => {
    await build('first')
    writeFileSync(join(checkout, 'src', 'deep', 'a.ts'), 'two')
    const failing = buildOnce('thing', ['src'], () => Promise.reject(new Error('no')), checkout)
    await expect(failing).rejects.toThrow('no')
    expect(made()).toBe('first')
    expect(readdirSync(join(checkout, 'out'))).toEqual(['thing'])
  })
})
