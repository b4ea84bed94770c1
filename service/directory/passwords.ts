import { scrypt, timingSafeEqual } from 'node:crypto'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Random } from '../../contract/system.ts'
import { FairQueue, type Waiting } from '../ground/ops/fairQueue.ts'

/** Cost of one hash: about 50 ms and 32 MiB. */
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }

type Derive = (password: string, salt: Buffer) => Promise<Buffer>

const withScrypt: Derive = (password, salt) =>
  new Promise((resolve, reject) =>
    scrypt(password.normalize('NFKC'), salt, 32, cost, (error, key) => (error ? reject(error) : resolve(key))),
  )

/**
 * Hashes of passwords, made by whoever comes and so bounded (rules 9 and 13): a few at a time, since they share the process's pool of
 * threads with its files; addresses in turn; and so many waiting, of all and of one address.
 */
export class Passwords {
  readonly #derive: Derive
  readonly #queue = new FairQueue<() => Promise<void>>({
    waiting: limits.passwordsWaiting,
    waitingOfLane: limits.passwordsWaitingOfAddress,
    runningOfGroup: limits.passwordsAtOnce,
  })
  #running = 0
  #asked = 0

  constructor(derive: Derive = withScrypt) {
    this.#derive = derive
  }

  /** For an account that is made; `from`: the address that asked. @throws RoomkeeperError rate.limited where too many wait */
  async hash(password: string, random: Random, from = 'this service'): Promise<string> {
    const salt = random.bytes(16)
    const key = await this.#inTurn(from, password, salt)
    return `scrypt:${salt.toString('base64url')}:${key.toString('base64url')}`
  }

  /** Takes as long for an account that has no password. @throws RoomkeeperError rate.limited where too many wait */
  async matches(password: string, hash: string | null, from: string): Promise<boolean> {
    const [, salt = '', key = ''] = hash?.split(':') ?? []
    const wanted = Buffer.from(key, 'base64url')
    const given = await this.#inTurn(from, password, Buffer.from(salt, 'base64url'))
    return wanted.length === given.length && timingSafeEqual(wanted, given)
  }

  #inTurn(group: string, password: string, salt: Buffer): Promise<Buffer> {
    this.#asked += 1
    const owner = `${this.#asked}`
    return new Promise((done, failed) => {
      const job = (): Promise<void> => this.#derive(password, salt).then(done, failed)
      if (this.#queue.add({ group, owner, job })) this.#next()
      else failed(new RoomkeeperError('rate.limited', { params: { retryAfter: 1 } }))
    })
  }

  #next(): void {
    while (this.#running < limits.passwordsAtOnce) {
      const next = this.#queue.next()
      if (!next) return
      void this.#run(next)
    }
  }

  async #run(waiting: Waiting<() => Promise<void>>): Promise<void> {
    this.#running += 1
    await waiting.job()
    this.#running -= 1
    this.#queue.done(waiting)
    this.#next()
  }
}

/** The process has one pool of threads, and so one queue for it. */
export const passwords = new Passwords()
