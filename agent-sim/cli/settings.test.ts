import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UsageError } from './command.ts'
import { withSettings } from './settings.ts'
import { parseSingle } from './single-device.ts'

describe('a file of settings', () => {
  let folder: string
  let file: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'settings-'))
    file = join(folder, 'settings.json')
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })
  const write = (content: unknown) => {
    writeFileSync(file, JSON.stringify(content))
  }

  it.each(['The "North" room', 'Ends in a backslash\\', '--json', '', 'a=b', "  $HOME %h `x` 'y'", 'two\nlines', '会議室'])(
    'keeps %j whole',
    (room) => {
      write({ room })
      expect(parseSingle(['--settings', file], {}).room).toBe(room)
    },
  )

  it.each([
    ['proxy', 'proxy.example:1', 'pac', 'http://wpad/'],
    ['pac', 'http://wpad/', 'proxy', 'proxy.example:1'],
  ])('[ENR-2] of the way out says %s only where the command line says neither', (kept, text, named, other) => {
    write({ [kept]: text })
    expect(parseSingle(['--settings', file], {})).toMatchObject({ [kept]: text })
    const values: Record<string, unknown> = parseSingle([`--${named}`, other, '--settings', file], {})
    expect([values[named], values[kept]]).toEqual([other, undefined])
  })

  it('stands before the command line, whose own options count', () => {
    write({ room: 'From the file', city: 'Lyon', screen: ['console=a:1', 'frontOfRoom1=b:2'] })
    const values = parseSingle(['--room', 'From the line', '--settings', file], {})
    expect(values).toMatchObject({ room: 'From the line', city: 'Lyon', screen: ['console=a:1', 'frontOfRoom1=b:2'] })
  })

  it.each([
    [{ bogus: 'x' }, '--bogus'],
    [{ 'room --json': 'x' }, 'settings.json'],
    [{ room: 5 }, 'room'],
    [['--room=x'], 'settings.json'],
  ])('%j does not fit', (content, text) => {
    write(content)
    expect(() => parseSingle(['--settings', file], {})).toThrow(UsageError)
    expect(() => parseSingle(['--settings', file], {})).toThrow(text)
  })

  it('is named', () => {
    expect(() => withSettings(['--settings'])).toThrow('--settings is missing its value')
    expect(() => withSettings(['--settings', join(folder, 'nowhere')])).toThrow('cannot be read as JSON')
  })
})
