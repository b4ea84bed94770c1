import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fakeSystem } from '../../contract/testing/system.ts'
import { seal, unseal } from '../sealed.ts'
import { type KeyKeeper, openVault, passphraseKeeper, plainKeeper, systemKeeper } from './vault.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rk-vault-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const system = fakeSystem()
const { random } = system
const cheap = { n: 16, r: 1, p: 1 }
/** A stand-in for the system's store: reversible only by the same "user". */
const systemOf = (user: number): KeyKeeper =>
  systemKeeper({
    encryptString: (plain) => Buffer.from(Buffer.from(plain, 'utf8').map((byte) => byte ^ user)),
    decryptString: (wrapped) => Buffer.from(wrapped.map((byte) => byte ^ user)).toString('utf8'),
  })
const vaultText = () => readFile(join(folder, 'vault.json'), 'utf8')

describe('a vault', () => {
  it.each([
    ['system', () => systemOf(7)],
    ['passphrase', () => passphraseKeeper('correct horse', random, cheap)],
    ['none', () => plainKeeper],
  ] as const)('gives the same key for a name, for ever, and another for another name (%s)', async (protection, keeper) => {
    const vault = await openVault(folder, keeper(), system)
    expect(vault.protection).toBe(protection)
    const [one, again, other] = await Promise.all([vault.key('account-1'), vault.key('account-1'), vault.key('account-2')])
    expect(one).toHaveLength(32)
    expect(again).toEqual(one)
    expect(other).not.toEqual(one)
    const reopened = await openVault(folder, keeper(), system)
    expect(await reopened.key('account-1')).toEqual(one)
    expect(await reopened.key('account-2')).toEqual(other)
    expect((await stat(join(folder, 'vault.json'))).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['vault.json'])
    if (protection !== 'none') expect(await vaultText()).not.toContain(Buffer.from(one).toString('base64'))
  })

  it('forgets a key for good', async () => {
    const vault = await openVault(folder, plainKeeper, system)
    const first = await vault.key('a')
    await vault.forget('a')
    expect(await vaultText()).not.toContain(Buffer.from(first).toString('base64'))
    expect(await (await openVault(folder, plainKeeper, system)).key('a')).not.toEqual(first)
  })

  it.each([
    ['a wrong passphrase', passphraseKeeper('right', random, cheap), passphraseKeeper('wrong', random, cheap)],
    ['no passphrase', passphraseKeeper('right', random, cheap), plainKeeper],
    ["another user's system store", systemOf(7), systemOf(8)],
    ['the browser host, after Electron', systemOf(7), plainKeeper],
  ])('stays shut for %s, and is not harmed', async (_who, made, tried) => {
    const key = await (await openVault(folder, made, system)).key('a')
    await expect(openVault(folder, tried, system)).rejects.toMatchObject({ code: 'vault.locked' })
    expect(await (await openVault(folder, made, system)).key('a')).toEqual(key)
  })

  it('wraps unprotected keys anew once there is a better way', async () => {
    const key = await (await openVault(folder, plainKeeper, system)).key('a')
    expect(await vaultText()).toContain(Buffer.from(key).toString('base64'))
    const better = await openVault(folder, systemOf(7), system)
    expect(await better.key('a')).toEqual(key)
    expect(await vaultText()).not.toContain(Buffer.from(key).toString('base64'))
  })

  it('sets an unreadable file aside', async () => {
    await writeFile(join(folder, 'vault.json'), '{"version":9}')
    await openVault(folder, plainKeeper, system).then((vault) => vault.key('a'))
    expect((await readdir(folder)).some((name) => name.startsWith('vault.json.unreadable-'))).toBe(true)
  })

  it('takes no name that could be a path', async () => {
    const vault = await openVault(folder, plainKeeper, system)
    await expect(vault.key('../x')).rejects.toThrow()
    await expect(vault.key('__proto__')).rejects.toThrow()
  })
})

describe('sealed bytes', () => {
  const key = Buffer.alloc(32, 1)
  it('come back as they were, and only whole, with the same key and purpose', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (plain, at, flip) => {
        const sealed = seal(key, 'tokens', plain, random)
        expect(unseal(key, 'tokens', sealed)).toEqual(Buffer.from(plain))
        expect(unseal(key, 'other', sealed)).toBeUndefined()
        expect(unseal(Buffer.alloc(32, 2), 'tokens', sealed)).toBeUndefined()
        expect(unseal(key, 'tokens', sealed.subarray(0, at % sealed.length))).toBeUndefined()
        const bent = Buffer.from(sealed)
        bent[at % bent.length] = (bent[at % bent.length] ?? 0) ^ flip
        expect(unseal(key, 'tokens', bent)).toBeUndefined()
      }),
    )
  })
})
