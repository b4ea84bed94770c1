import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keyStoreFor } from './single.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'keys-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const enrolled = () => {
  const enrolment = { device: v7(), room: v7(), service: 'test' }
  writeFileSync(join(folder, 'installation.json'), JSON.stringify({ installation: v7(), enrolment }))
}
const put = (...names: string[]) => names.forEach((name) => writeFileSync(join(folder, name), ''))
const store = (tpm: boolean, keys?: 'tpm' | 'software') => keyStoreFor(folder, keys, false, () => tpm).protection

describe('[ENR-3] where a device keeps its key', () => {
  it('is the TPM where there is one', () => {
    expect([store(true), store(false)]).toEqual(['tpm', 'software'])
    expect(keyStoreFor(folder, undefined, true, () => true).protection).toBe('software')
  })

  it('stays the file that it enrolled with when a TPM is turned on', () => {
    put('key.pem')
    expect(store(true)).toBe('tpm')
    enrolled()
    expect(store(true)).toBe('software')
  })

  it('stays the TPM that it enrolled with when that is away for one start', () => {
    put('key.tpm.pub', 'key.tpm.priv')
    expect(store(false)).toBe('software')
    enrolled()
    expect(store(false)).toBe('tpm')
  })

  it('is what was asked for, and anew where the key is gone', () => {
    enrolled()
    expect([store(true), store(false)]).toEqual(['tpm', 'software'])
    put('key.pem')
    expect([store(false, 'tpm'), store(true, 'software')]).toEqual(['tpm', 'software'])
  })
})
