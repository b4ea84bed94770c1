import { readFileSync } from 'node:fs'
import type { Random } from '../../contract/system.ts'
import { type KeyKeeper, passphraseKeeper } from '../session/vault.ts'

/** A keeper with the passphrase in the first line of a file. Errors: the file is missing or empty. */
export function passphraseFrom(file: string, random: Random): KeyKeeper {
  const [passphrase = ''] = readFileSync(file, 'utf8').split(/\r?\n/u)
  if (passphrase === '') throw new Error(`${file} is empty: its first line is the passphrase.`)
  return passphraseKeeper(passphrase, random)
}
