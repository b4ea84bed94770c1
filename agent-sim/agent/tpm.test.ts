import { generateKeyPairSync, sign, verify, createPublicKey, type KeyObject } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ProgramError, type RunProgram } from '../devices/run-program.ts'
import { KeyStoreError, SoftwareKeyStore, type DeviceKey } from './identity.ts'
import { plainSignature, TpmKeyStore } from './tpm.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** What a program says that fails: its own line among those of the library. */
const said = (line: string): ProgramError =>
  new ProgramError(
    'tpm2_load failed: WARNING:esys:src/tss2-esys/api/Esys_Load.c:324:Esys_Load_Finish() Received TPM Error\n' +
      `ERROR: ${line}\nERROR: Unable to run tpm2_load`,
  )

/** The programs of tpm2-tools as far as the store uses them, with keys that stay in this closure. */
function standIn(): { run: RunProgram; called: string[]; broken: Map<string, Error> } {
  const called: string[] = []
  const broken = new Map<string, Error>()
  const keys: KeyObject[] = []
  const run: RunProgram = (program, args, options) => {
    called.push(program)
    const trouble = broken.get(program)
    if (trouble) return Promise.reject(trouble)
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

  it.each(['key.tpm.pub', 'key.tpm.priv'])('[ENR-3] makes no other key where %s is empty or gone', async (name) => {
    const { run } = standIn()
    await new TpmKeyStore(folder, { run }).create()
    writeFileSync(join(folder, name), '')
    await expect(new TpmKeyStore(folder, { run }).open()).rejects.toThrow(`empty: ${join(folder, name)}`)
    rmSync(join(folder, name))
    await expect(new TpmKeyStore(folder, { run }).open()).rejects.toThrow(`gone: ${join(folder, name)}`)
  })

  it.each([
    [
      'tools that are not there',
      new ProgramError('x', { missing: 'tpm2_createprimary' }),
      'tpm2_createprimary is not installed',
      'apt install tpm2-tools',
    ],
    [
      'a TPM that is not there',
      said('Failed to open specified TCTI device file /dev/tpmrm0: No such file'),
      'no TPM is there now (/dev/tpmrm0)',
      'firmware',
    ],
    [
      'a TPM that is not for this account',
      said('Failed to open specified TCTI device file /dev/tpmrm0: Permission denied'),
      'may not use the TPM',
      'group',
    ],
    ['a TPM that was cleared', said('Eys_Load(0x1DF) - tpm:parameter(1):integrity check failed'), 'it was cleared', 'enrol --new-key'],
    ['a damaged file', said('Error deserializing private structure: 0x90006'), 'damaged', 'enrol --new-key'],
    [
      'a password',
      said('Esys_CreatePrimary(0x9A2) - tpm:session(1):authorization failure without DA implications'),
      'password',
      'changeauth',
    ],
    [
      'something else',
      said('Esys_CreatePrimary(0x902) - tpm:warn(2.0): out of memory for object contexts'),
      'out of memory for object contexts',
      undefined,
    ],
  ])('[ENR-3] says of %s what it is and what helps, in no words of the library', async (_, error, what, remedy) => {
    const { run, broken } = standIn()
    await new TpmKeyStore(folder, { run }).create()
    broken.set('tpm2_createprimary', error)
    const failed: unknown = await new TpmKeyStore(folder, { run }).open().catch((thrown: unknown) => thrown)
    if (!(failed instanceof KeyStoreError)) throw new Error(`not explained: ${String(failed)}`)
    expect(failed.message).toContain(join(folder, 'key.tpm.priv'))
    expect(failed.message).toContain(what)
    if (remedy !== undefined) expect(failed.remedy).toContain(remedy)
    expect(failed.message).not.toMatch(/esys|ERROR|\n/iu)
    await expect(new TpmKeyStore(join(folder, 'new'), { run }).create()).rejects.toThrow('No key can be made in the TPM: ')
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

  it.each([
    ['', 'is empty'],
    ['no key', 'is damaged'],
    ['\0\0\0', 'is damaged'],
  ])('says which file is not a key: %j', async (content, what) => {
    writeFileSync(join(folder, 'key.pem'), content)
    await expect(new SoftwareKeyStore(folder).open()).rejects.toThrow(`${what}: ${join(folder, 'key.pem')}`)
  })
})
