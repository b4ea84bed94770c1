import { expect, it } from 'vitest'
import { EndpointId, type RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { chance } from '../../contract/testing/chance.ts'
import { NotificationRig } from '../testing/notifications/rig.ts'
import type { Outcome, Parcel } from './channel.ts'

/** Cycles of incidents, with everything failing in between: what a receiver that knows keys again has in the end is what is true. */

const minute = 60_000
const hour = 60 * minute

/** A receiver as they are: it takes each event once by its id, and has one record for each opening. */
class Receiver {
  readonly records = new Map<string, 'open' | 'resolved'>()
  readonly #seen = new Map<string, string>()
  /** Which event of which opening came under which ids. */
  readonly ids = new Map<string, Set<string>>()

  take({ items: [item] }: Parcel): void {
    if (!item) return
    const { id, event, incident, episode } = item.row
    const record = `${incident}/${episode}`
    const of = `${record}/${event}`
    this.ids.set(of, (this.ids.get(of) ?? new Set()).add(id))
    if (this.#seen.has(id)) return
    this.#seen.set(id, of)
    if (event === 'resolved') expect(this.records.has(record), 'an end finds its beginning').toBe(true)
    this.records.set(record, event === 'resolved' ? 'resolved' : 'open')
  }
}

/** Seeds 2 and 4 found that a process which ended between sending and noting forgot that it had sent. */
const seeds = [1, 2, 3, 4]

it.each(seeds)('[INC-6, rule 10, rule 15] a receiver has one record for each opening, as it is, whatever fails: seed %i', async (seed) => {
  const next = chance('notification cycles', seed)
  const rig = await NotificationRig.open()
  try {
    const rooms: RoomId[] = [await rig.incidents.room(), await rig.incidents.room(), await rig.incidents.room()]
    const boss = await rig.person('boss')
    const id = EndpointId.parse('00000000-0000-7000-8000-00000000e001')
    const body = JSON.stringify({ name: 'Hook', kind: 'webhook', url: 'https://hooks.example/', on: true })
    const rest = { savedBy: boss, failingSince: null, switchedOffAt: null, last: null }
    await rig.incidents.write(async (tx) => tx.insert.endpoint({ id, body, secret: 'whsec_x', ...rest }).execute())
    await rig.rule(null, { to: { kind: 'others', addresses: [], endpoints: [id] } })

    const receiver = new Receiver()
    let awayUntil = 0
    let quiet = false
    rig.webhook.outcome = (parcel): Outcome => {
      if (rig.incidents.now < awayUntil) return { ok: false, problem: 'unreached', away: true }
      // Beside the outage each fails twice at most: with more, the last of its tries may lie in the outage.
      const fault = quiet || (parcel.items[0]?.row.tries ?? 0) >= 2 ? 1 : next()
      if (fault < 0.1) return { ok: false, problem: 'answered', status: 503, away: true }
      if (fault < 0.2) throw new Error('The process ends before it is sent.')
      receiver.take(parcel)
      if (fault < 0.3) throw new Error('The process ends after it was sent.')
      // It has it, and its answer is lost.
      return fault < 0.4 ? { ok: false, problem: 'tooSlow', away: true } : { ok: true }
    }
    const bad = new Set<RoomId>()
    const turn = async (room: RoomId): Promise<void> => {
      const isBad = bad.delete(room)
      if (!isBad) bad.add(room)
      await rig.incidents.report(room, { 'peripherals.camera': isBad ? 'healthy' : 'unhealthy' })
    }
    for (let step = 0; step < 60; step++) {
      const room = rooms[Math.floor(next() * rooms.length)]
      if (room && next() < 0.7) await turn(room)
      // One outage of a day is survived; another one, before what it left is sent, is more than is tried.
      if (next() < 0.05 && awayUntil + 30 * hour < rig.incidents.now) awayUntil = rig.incidents.now + 24 * hour
      if (next() < 0.2) await rig.restart()
      const pace = next()
      await rig.pass(pace < 0.3 ? limits.notifyWaitMs / 2 : pace < 0.8 ? minute : 3 * hour)
    }
    quiet = true
    awayUntil = 0
    for (let n = 0; n < 12; n++) await rig.pass(6 * hour)

    for (const [of, ids] of receiver.ids) expect(ids.size, of).toBe(1)
    const read = rig.incidents.read()
    const episodes = await read.tables.notifyEpisode().selectAll().execute()
    const incidents = await read.list('incident', { limit: 100 })
    const expected = new Map<string, string>()
    for (const { incident, episode } of episodes) {
      const isOpen = incidents.find((one) => one.id === incident)?.status !== 'resolved'
      if (isOpen) expected.set(`${incident}/${episode}`, 'open')
    }
    const open = new Map([...receiver.records].filter(([, state]) => state === 'open'))
    expect(open).toEqual(expected)
    expect((await rig.rows()).filter(({ state }) => state === 'waiting')).toEqual([])
    expect((await rig.rows()).filter(({ why }) => why === 'gaveUp')).toEqual([])
    expect(receiver.records.size).toBeGreaterThan(5)
  } finally {
    await rig.incidents.close()
  }
})
