import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { System } from '../../contract/system.ts'
import type { Vault } from '../platform.ts'
import { seal, unseal } from '../sealed.ts'
import { Connection } from './discovery.ts'
import { readIfThere, writePrivate } from './files.ts'

/** Who is signed in, where, and with what. One sealed file, so that it is there as a whole or not at all. */
export const SignInRecord = z.object({
  version: z.literal(1),
  /** The service this sign-in is for. */
  service: z.string(),
  connection: Connection,
  account: z.object({ id: z.string(), name: z.string(), email: z.string() }),
  /** How the person signed in: with a code on another device there is no session in a browser here. */
  method: z.enum(['browser', 'deviceCode']).optional(),
  /** MSAL's name of the account within `cache`. */
  homeAccountId: z.string(),
  /** MSAL's token cache, as it serialises it. */
  cache: z.string(),
})
export type SignInRecord = z.infer<typeof SignInRecord>

const keyName = 'session'
const purpose = 'roomkeeper-session'

/** The sealed file of one data folder. Writes happen one after the other. */
export class RecordFile {
  readonly #path: string
  readonly #vault: Vault
  readonly #system: Pick<System, 'clock' | 'random'>
  #last: Promise<unknown> = Promise.resolve()

  constructor(folder: string, vault: Vault, system: Pick<System, 'clock' | 'random'>) {
    this.#path = join(folder, 'session.sealed')
    this.#vault = vault
    this.#system = system
  }

  /** Undefined: nobody is signed in. A file that cannot be opened is set aside: signing in again replaces it. */
  async read(): Promise<SignInRecord | undefined> {
    const sealed = await readIfThere(this.#path)
    if (!sealed) return undefined
    const plain = unseal(await this.#vault.key(keyName), purpose, sealed)
    try {
      return SignInRecord.parse(JSON.parse(plain?.toString('utf8') ?? ''))
    } catch {
      await rename(this.#path, `${this.#path}.unreadable-${this.#system.clock.now()}`)
      return undefined
    }
  }

  write(record: SignInRecord): Promise<void> {
    return this.#inTurn(async () => {
      const plain = Buffer.from(JSON.stringify(record), 'utf8')
      await writePrivate(this.#path, seal(await this.#vault.key(keyName), purpose, plain, this.#system.random))
    })
  }

  /** Removes the file, and the key that any copy of it would need. */
  remove(): Promise<void> {
    return this.#inTurn(async () => {
      await rm(this.#path, { force: true })
      await this.#vault.forget(keyName)
    })
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work, work)
    this.#last = turn
    return turn
  }
}
