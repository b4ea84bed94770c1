import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KeyProtection } from '../../contract/entities.ts'
import { adoptNextKey, keyStoreFor, nextKeyStoreFor } from './key-choice.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'keys-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const enrolled = (keys?: KeyProtection) => {
  const enrolment = { device: v7(), room: v7(), service: 'test' }
  writeFileSync(join(folder, 'installation.json'), JSON.stringify({ installation: v7(), enrolment, keys }))
}
const put = (...names: string[]) => names.forEach((name) => writeFileSync(join(folder, name), name))
const store = (tpm: boolean, keys?: KeyProtection) => keyStoreFor(folder, { keys, simulated: false, isTpmThere: () => tpm }).protection

describe('[ENR-3] where a device keeps its key', () => {
  it('is at first the TPM where there is one, or what was asked for', () => {
    expect([store(true), store(false), store(true, 'software'), store(false, 'tpm')]).toEqual(['tpm', 'software', 'software', 'tpm'])
    expect(keyStoreFor(folder, { keys: undefined, simulated: true, isTpmThere: () => true }).protection).toBe('software')
  })

  it.each([
    ['the file', 'software', ['key.pem']],
    ['the TPM', 'tpm', ['key.tpm.pub', 'key.tpm.priv']],
    ['the TPM, and one file of it is lost', 'tpm', ['key.tpm.pub']],
  ] as const)('stays %s that it was installed with, whatever this start finds', (_, where, files) => {
    put(...files)
    expect([store(true), store(false)]).toEqual([where, where])
    enrolled()
    expect([store(true), store(false)]).toEqual([where, where])
    writeFileSync(join(folder, 'installation.json'), '')
    expect([store(true), store(false)]).toEqual([where, where])
  })

  it('is what it enrolled with, also where the key is gone or another one lies there', () => {
    enrolled('tpm')
    expect(store(false)).toBe('tpm')
    put('key.pem')
    expect(store(false)).toBe('tpm')
  })

  it('is not changed by asking for another place: the way to that is said', () => {
    put('key.pem')
    expect(store(true, 'software')).toBe('software')
    expect(() => store(true, 'tpm')).toThrow(folder)
    expect(() => store(true, 'tpm')).toThrow(expect.objectContaining({ remedy: expect.stringContaining('enrol --new-key --key tpm') }))
  })
})

describe('a key that takes the place of another', () => {
  const next = (...names: string[]) => {
    mkdirSync(join(folder, 'next-key'))
    for (const name of names) writeFileSync(join(folder, 'next-key', name), `next ${name}`)
  }
  const keys = () =>
    readdirSync(folder)
      .filter((name) => name.includes('key'))
      .sort()

  it.each([
    ['of another kind', ['key.tpm.pub', 'key.tpm.priv'], ['key.pem']],
    ['of the same kind', ['key.pem'], ['key.pem']],
    ['in the TPM', ['key.pem'], ['key.tpm.priv', 'key.tpm.pub']],
  ])('%s leaves nothing of it', (_, before, after) => {
    put(...before)
    next(...after)
    adoptNextKey(folder)
    expect(keys()).toEqual(after)
    expect(readFileSync(join(folder, after[0] ?? ''), 'utf8')).toBe(`next ${after[0]}`)
    adoptNextKey(folder)
    expect(keys()).toEqual(after)
  })

  it('is finished by the next start where the power went in the middle', () => {
    put('key.tpm.pub', 'key.tpm.priv')
    mkdirSync(join(folder, 'adopted-key'))
    writeFileSync(join(folder, 'adopted-key', 'key.pem'), 'next')
    rmSync(join(folder, 'key.tpm.pub'))
    expect(store(true)).toBe('software')
    expect(keys()).toEqual(['key.pem'])
  })

  it.each([
    ['software', ['key.pem'], 'tpm'],
    ['tpm', ['key.tpm.pub', 'key.tpm.priv'], 'software'],
  ] as const)('[ENR-3] is found %s where the file still says where the one before was', (where, names, before) => {
    enrolled(before)
    next(...names)
    adoptNextKey(folder)
    expect(store(true)).toBe(where)
    expect(JSON.parse(readFileSync(join(folder, 'installation.json'), 'utf8'))).toMatchObject({
      keys: where,
      enrolment: { service: 'test' },
    })
  })

  it('is the one that was begun, unless another kind is asked for', async () => {
    const nextStore = (keys?: KeyProtection) => nextKeyStoreFor(folder, { keys, simulated: false, isTpmThere: () => true })
    expect(nextStore().protection).toBe('tpm')
    mkdirSync(join(folder, 'next-key'))
    await nextStore('software').create()
    expect(nextStore().protection).toBe('software')
    expect(nextStore('tpm').protection).toBe('tpm')
    expect(existsSync(join(folder, 'next-key'))).toBe(false)
  })
})
