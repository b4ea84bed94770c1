import { describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { settle } from '../../contract/testing/wait.ts'
import { Passwords } from './passwords.ts'

/** Hashes that end when they are told to. */
class Rig {
  readonly running: { password: string; end: () => void }[] = []
  readonly passwords = new Passwords(
    (password) => new Promise((done) => this.running.push({ password, end: () => done(Buffer.alloc(32)) })),
  )

  try(from: string, password: string): Promise<unknown> {
    return this.passwords.matches(password, null, from).catch((error: unknown) => (error instanceof RoomkeeperError ? error.code : error))
  }

  async endOldest(): Promise<string | undefined> {
    const oldest = this.running.shift()
    oldest?.end()
    await settle()
    return oldest?.password
  }
}

describe('[rule 9] passwords that are tried', () => {
  it('are hashed a few at a time, whoever sends them', async () => {
    const rig = new Rig()
    const tries = Array.from({ length: 20 }, (_, n) => rig.try(`192.0.2.${n}`, String(n)))
    expect(rig.running).toHaveLength(limits.passwordsAtOnce)
    for (let left = 20; left > 0; left -= 1) {
      expect(rig.running.length).toBe(Math.min(left, limits.passwordsAtOnce))
      await rig.endOldest()
    }
    expect(await Promise.all(tries)).toEqual(Array(20).fill(false))
  })

  it('[rule 13] of one address beyond its share are refused, and those of another come in between', async () => {
    const rig = new Rig()
    const share = limits.passwordsAtOnce + limits.passwordsWaitingOfAddress
    const many = Array.from({ length: share + 5 }, (_, n) => rig.try('192.0.2.1', `many ${n}`))
    expect(await Promise.all(many.slice(share))).toEqual(Array(5).fill('rate.limited'))
    const other = rig.try('192.0.2.2', 'other')
    const order: (string | undefined)[] = []
    while (rig.running.length > 0) order.push(await rig.endOldest())
    expect(order.indexOf('other')).toBeLessThanOrEqual(limits.passwordsAtOnce + 1)
    expect(await other).toBe(false)
    await Promise.all(many)
  })

  it('wait up to a number in all, and an address of which none waits has a place all the same', async () => {
    const rig = new Rig()
    const addresses = Math.ceil((limits.passwordsWaiting + limits.passwordsAtOnce) / limits.passwordsWaitingOfAddress)
    const crowd = Array.from({ length: addresses * limits.passwordsWaitingOfAddress }, (_, n) =>
      rig.try(`192.0.2.${n % addresses}`, 'crowd'),
    )
    const [first, second] = [rig.try('198.51.100.1', 'late'), rig.try('198.51.100.1', 'late')]
    expect(await second).toBe('rate.limited')
    while (rig.running.length > 0) await rig.endOldest()
    expect(await first).toBe(false)
    await Promise.all(crowd)
  })

  it('are found right by the hash that was made of them, and by no other', async () => {
    const passwords = new Passwords()
    const hash = await passwords.hash('correct horse', realSystem.random)
    expect(await passwords.matches('correct horse', hash, 'here')).toBe(true)
    expect(await passwords.matches('correct house', hash, 'here')).toBe(false)
    expect(await passwords.matches('', null, 'here')).toBe(false)
  })
})
