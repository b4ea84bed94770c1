import { generateKeyPairSync, sign, verify, createPublicKey, type KeyObject } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KeyStoreError, SoftwareKeyStore, type DeviceKey } from './identity.ts'
import { ProgramError, type RunProgram } from './run-program.ts'
import { plainSignature, TpmKeyStore } from './tpm.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** The programs of tpm2-tools as far as the store uses them, with keys that stay in this closure. */
function standIn(): { run: RunProgram; called: string[]; broken: Set<string> } {
  const called: string[] = []
  const broken = new Set<string>()
  const keys: KeyObject[] = []
  const run: RunProgram = (program, args, options) => {
    called.push(program)
    if (broken.has(program)) return Promise.reject(new ProgramError(`${program} failed: TPM is off`))
    const value = (flag: string) => args[args.indexOf(flag) + 1] ?? ''
    const path = (name: string) => (name.startsWith('/') ? name : join(options?.folder ?? '', name))
    const keyIn = (file: string) => keys[Number(readFileSync(path(file), 'utf8').replace('wrapped ', ''))]
    if (program === 'tpm2_create') {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      keys.push(privateKey)
      writeFileSync(path(value('-u')), 'public')
      writeFileSync(path(value('-r')), `wrapped ${keys.length - 1}`)
    }
    if (program === 'tpm2_load') writeFileSync(path(value('-c')), readFileSync(path(value('-r'))))
    const key = ['tpm2_readpublic', 'tpm2_sign'].includes(program) ? keyIn(value('-c')) : undefined
    if (key && program === 'tpm2_readpublic') writeFileSync(path(value('-o')), createPublicKey(key).export({ type: 'spki', format: 'pem' }))
    if (key && program === 'tpm2_sign') writeFileSync(path(value('-o')), sign('sha256', readFileSync(path(args.at(-1) ?? '')), key))
    return Promise.resolve('')
  }
  return { run, called, broken }
}

async function expectItSigns(key: DeviceKey, text: string): Promise<void> {
  const signature = Buffer.from(await key.sign(text), 'base64url')
  expect(signature).toHaveLength(64)
  const publicKey = createPublicKey({ key: { ...key.publicKey }, format: 'jwk' })
  expect(verify('sha256', Buffer.from(text), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
}

describe('TpmKeyStore', () => {
  it('makes a key in the TPM, finds it again, signs with it, and removes it', async () => {
    const { run } = standIn()
    const store = new TpmKeyStore(folder, { run })
    expect(await store.open()).toBeUndefined()
    const made = await store.create()
    await expectItSigns(made, 'a challenge')
    const again = await new TpmKeyStore(folder, { run }).open()
    expect(again?.publicKey).toEqual(made.publicKey)
    expect(again?.protection).toBe('tpm')
    await store.remove()
    expect(await store.open()).toBeUndefined()
  })

  it('frees the places of a TPM that has no resource manager', async () => {
    const { run, called } = standIn()
    await new TpmKeyStore(folder, { run, tcti: 'swtpm:port=1' }).create()
    expect(called.filter((program) => program === 'tpm2_flushcontext')).toHaveLength(called.length / 2)
  })

  it('says what the TPM said when it fails', async () => {
    const { run, broken } = standIn()
    broken.add('tpm2_createprimary')
    await expect(new TpmKeyStore(folder, { run }).create()).rejects.toThrow(KeyStoreError)
    await expect(new TpmKeyStore(folder, { run }).create()).rejects.toThrow('TPM is off')
  })
})

describe('plainSignature', () => {
  it('gives the same 64 bytes that the other form has, for any signature', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    fc.assert(
      fc.property(fc.string(), (text) => {
        const plain = plainSignature(sign('sha256', Buffer.from(text), privateKey))
        expect(verify('sha256', Buffer.from(text), { key: publicKey, dsaEncoding: 'ieee-p1363' }, plain)).toBe(true)
      }),
    )
  })

  it('refuses anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          expect(plainSignature(Buffer.from(bytes))).toHaveLength(64)
        } catch (error) {
          expect(error).toBeInstanceOf(KeyStoreError)
        }
      }),
    )
  })
})

describe('SoftwareKeyStore', () => {
  it('keeps the same key', async () => {
    const made = await new SoftwareKeyStore(folder).create()
    const again = await new SoftwareKeyStore(folder).open()
    expect(again?.publicKey).toEqual(made.publicKey)
    if (again) await expectItSigns(again, 'a challenge')
  })

  it('says which file is not a key', async () => {
    writeFileSync(join(folder, 'key.pem'), 'no key')
    await expect(new SoftwareKeyStore(folder).open()).rejects.toThrow('key.pem')
  })
})
