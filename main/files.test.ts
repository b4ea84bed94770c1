import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { safeFileName, saveNew, writeWhole } from './files.ts'
import { PreferenceFile } from './preferences.ts'
import { tempFolder } from './testing/fakes.ts'

let folder: ReturnType<typeof tempFolder>
beforeEach(() => {
  folder = tempFolder()
})
afterEach(() => folder.remove())

describe('a file name from elsewhere', () => {
  it.each([
    ['agent.zip', 'agent.zip'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Windows\\evil.exe', 'evil.exe'],
    ['.bashrc', 'bashrc'],
    ['a\u202egpj.exe', 'agpj.exe'],
    ['CON', 'other'],
    ['nul.txt', 'other'],
    ['..', 'other'],
    ['', 'other'],
    [undefined, 'other'],
  ])('%j becomes %j', (proposed, name) => {
    expect(safeFileName(proposed, 'other')).toBe(name)
  })

  it('never leads out of the folder', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (proposed) => {
        const name = safeFileName(proposed, 'other')
        expect(name).not.toMatch(/[/\\\0]|^\.|^$/)
        expect(name.length).toBeLessThanOrEqual(100)
      }),
    )
  })
})

describe('saving', () => {
  it('takes a free name and leaves what is there', () => {
    const names = [1, 2, 3].map((n) => saveNew(join(folder.path, 'new'), 'a.key', Buffer.from(String(n))).path)
    expect(names.map((path) => readFileSync(path, 'utf8'))).toEqual(['1', '2', '3'])
    expect(readdirSync(join(folder.path, 'new')).sort()).toEqual(['a (2).key', 'a (3).key', 'a.key'])
    expect(statSync(names[0]!).mode & 0o077).toBe(0)
  })

  it('says so when the disk does not take it', () => {
    writeFileSync(join(folder.path, 'file'), '')
    expect(() => writeWhole(join(folder.path, 'file', 'x'), 'y')).toThrow(expect.objectContaining({ code: 'disk.failed' }))
  })
})

describe('preferences', () => {
  it('are kept, and a file that cannot be read counts as none', () => {
    const path = join(folder.path, 'preferences.json')
    const file = new PreferenceFile(path)
    const heard: unknown[] = []
    file.listen((preferences) => heard.push(preferences))
    file.set({ language: 'fr' })
    file.set({ workOffline: true })
    expect(heard[0]).toEqual({ language: 'fr', theme: 'system' })
    const again = new PreferenceFile(path)
    expect([again.preferences, again.workOffline]).toEqual([{ language: 'fr', theme: 'system' }, true])
    writeFileSync(path, '{"language":')
    expect(new PreferenceFile(path).preferences).toEqual({ language: 'system', theme: 'system' })
    mkdirSync(join(folder.path, 'taken'))
    expect(() => new PreferenceFile(join(folder.path, 'taken')).set({ theme: 'dark' })).toThrow(
      expect.objectContaining({ code: 'disk.failed' }),
    )
  })
})
