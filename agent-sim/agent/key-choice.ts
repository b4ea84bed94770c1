import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyProtection } from '../../contract/entities.ts'
import { movePrivately, writePrivateFile } from './files.ts'
import { type KeyStore, KeyStoreError, SoftwareKeyStore } from './identity.ts'
import { keysOfInstallation, moveKeysOfInstallation } from './installation.ts'
import { hasTpm, TpmKeyStore } from './tpm.ts'

/** The files in which keys are, of every kind of store. */
const keyFiles = ['key.pem', 'key.tpm.pub', 'key.tpm.priv'] as const

interface KeyWishes {
  /** Asked for by whoever started the agent. */
  readonly keys: KeyProtection | undefined
  /** Simulated devices have no TPM. */
  readonly simulated: boolean
  readonly isTpmThere?: () => boolean
}

const storeIn = (folder: string, where: KeyProtection): KeyStore =>
  where === 'tpm' ? new TpmKeyStore(folder) : new SoftwareKeyStore(folder)

/**
 * The store of this folder's key: the one that it was installed with, for as long as it is (decision 0046). So a TPM that is turned on
 * later, is cleared or is away for one start does not make another device of it. For a new one: what was asked for, or else the TPM
 * where there is one, for a device that is real.
 * @throws KeyStoreError where another one is asked for; FileError
 */
export function keyStoreFor(folder: string, { keys, simulated, isTpmThere = hasTpm }: KeyWishes): KeyStore {
  finishAdopting(folder)
  const kept = keptIn(folder)
  if (kept !== undefined && keys !== undefined && keys !== kept) {
    throw new KeyStoreError(`The key of this device is ${inWords[kept]} (${folder}), and --key ${keys} asks for another place.`, {
      remedy: `Leave --key out; or give the device another key: the command "enrol --new-key --key ${keys}".`,
    })
  }
  return storeIn(folder, kept ?? keys ?? freshly(simulated, isTpmThere))
}

/** The store for a key that takes the place of this folder's, which lies beside it until it is adopted. */
export function nextKeyStoreFor(folder: string, { keys, simulated, isTpmThere = hasTpm }: KeyWishes): KeyStore {
  const next = nextIn(folder)
  const begun = TpmKeyStore.isIn(next) ? 'tpm' : SoftwareKeyStore.isIn(next) ? 'software' : undefined
  if (begun !== undefined && keys !== undefined && begun !== keys) rmSync(next, { recursive: true, force: true })
  return storeIn(next, keys ?? begun ?? freshly(simulated, isTpmThere))
}

/** Makes the next key this folder's. The renaming decides; what follows is finished by the next start where it was broken off. */
export function adoptNextKey(folder: string): void {
  if (existsSync(nextIn(folder))) movePrivately(nextIn(folder), adoptedIn(folder))
  finishAdopting(folder)
}

function finishAdopting(folder: string): void {
  const adopted = adoptedIn(folder)
  if (!existsSync(adopted)) return
  for (const name of keyFiles) {
    const file = join(adopted, name)
    if (existsSync(file)) writePrivateFile(join(folder, name), readFileSync(file))
    else rmSync(join(folder, name), { force: true })
  }
  // Before it is over, since what the file says counts for more than what lies here.
  moveKeysOfInstallation(folder, TpmKeyStore.isIn(folder) ? 'tpm' : 'software')
  rmSync(adopted, { recursive: true, force: true })
}

const nextIn = (folder: string): string => join(folder, 'next-key')
const adoptedIn = (folder: string): string => join(folder, 'adopted-key')

const inWords: Readonly<Record<KeyProtection, string>> = { tpm: 'in its TPM', software: 'in a file' }

const freshly = (simulated: boolean, isTpmThere: () => boolean): KeyProtection => (!simulated && isTpmThere() ? 'tpm' : 'software')

/** What the folder was installed with: what its file says, or whose key is there where that file was lost or is an older one. */
const keptIn = (folder: string): KeyProtection | undefined =>
  keysOfInstallation(folder) ?? (TpmKeyStore.isIn(folder) ? 'tpm' : SoftwareKeyStore.isIn(folder) ? 'software' : undefined)
