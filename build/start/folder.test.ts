import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { takeFolder } from './folder.ts'

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'data-'))
})
afterEach(() => {
  rmSync(data, { recursive: true })
})

describe('takeFolder', () => {
  it('takes an empty folder, and the same one again', () => {
    takeFolder(data, 'demo', false).release()
    takeFolder(data, 'demo', false).release()
    expect(existsSync(join(data, 'start.json'))).toBe(false)
  })

  it('says which process uses the folder and how to get to its console', () => {
    writeFileSync(join(data, 'start.json'), JSON.stringify({ pid: process.ppid, service: 'http://127.0.0.1:4721' }))
    expect(() => takeFolder(data, 'demo', false)).toThrow(
      `(process ${process.ppid}).\nFor a new link to its console:  npm run console -- --service http://127.0.0.1:4721 --data`,
    )
  })

  it('takes over from a start that was killed', () => {
    writeFileSync(join(data, 'start.json'), JSON.stringify({ pid: 4_194_305 }))
    expect(() => takeFolder(data, 'demo', false)).not.toThrow()
  })

  it('refuses a folder of something else and leaves it as it was', () => {
    writeFileSync(join(data, 'thesis.txt'), 'chapter one')
    expect(() => takeFolder(data, 'demo', true)).toThrow('thesis.txt')
    expect(existsSync(join(data, 'thesis.txt'))).toBe(true)
    expect(existsSync(join(data, 'roomkeeper.json'))).toBe(false)
  })

  it('refuses to take the demo for own data, and the other way round', () => {
    takeFolder(data, 'demo', false).release()
    expect(() => takeFolder(data, 'own', false)).toThrow('holds the demo')
    rmSync(join(data, 'roomkeeper.json'))
    takeFolder(data, 'own', false).release()
    expect(() => takeFolder(data, 'demo', true)).toThrow('your own data')
  })

  it('resets the demo: its data goes, everything else stays', () => {
    takeFolder(data, 'demo', false).release()
    for (const name of ['service', 'agents', 'own']) {
      mkdirSync(join(data, name))
      writeFileSync(join(data, name, 'file'), 'x')
    }
    takeFolder(data, 'demo', true).release()
    expect(existsSync(join(data, 'service'))).toBe(false)
    expect(existsSync(join(data, 'agents'))).toBe(false)
    expect(existsSync(join(data, 'own', 'file'))).toBe(true)
  })

  it('does not reset data that the demo did not make', () => {
    mkdirSync(join(data, 'service'))
    expect(() => takeFolder(data, 'demo', true)).toThrow('leaves it alone')
    expect(existsSync(join(data, 'service'))).toBe(true)
  })
})
