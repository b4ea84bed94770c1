import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EndpointId, EntryId, type PersonId, type RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { resolvedOf } from '../access/resolved.ts'
import { draft, NotificationRig } from '../testing/notifications/rig.ts'
import { rulesOf } from './rules.ts'
import { tryRule } from './tried.ts'
import { whyOf } from './why.ts'

/** From what the engine does to what people and others are told. */

let rig: NotificationRig
let room: RoomId
let lea: PersonId

beforeEach(async () => {
  rig = await NotificationRig.open()
  room = await rig.incidents.room()
  lea = await rig.person('lea')
})
afterEach(async () => rig.incidents.close())

const wait = limits.notifyWaitMs
const hour = 3_600_000
const bad = async () => rig.incidents.report(room, { 'peripherals.camera': 'unhealthy' })
const good = async () => rig.incidents.report(room, { 'peripherals.camera': 'healthy' })
const told = async (person: PersonId): Promise<string[]> => (await rig.notices(person)).map(({ what }) => what).reverse()

async function endpoint(): Promise<EndpointId> {
  const id = EndpointId.parse('00000000-0000-7000-8000-00000000e001')
  const body = JSON.stringify({ name: 'Hook', kind: 'webhook', url: 'https://hooks.example/', on: true })
  const rest = { savedBy: lea, failingSince: null, switchedOffAt: null, last: null }
  await rig.incidents.write(async (tx) => tx.insert.endpoint({ id, body, secret: 'whsec_x', ...rest }).execute())
  return id
}

const toHook = async () => rig.rule(null, { to: { kind: 'others', addresses: [], endpoints: [await endpoint()] } })

describe('[INC-6] what an own rule tells', () => {
  it('comes after the wait, once, with what it is about', async () => {
    await rig.rule(lea)
    await bad()
    await rig.tell()
    expect(await told(lea)).toEqual([])
    await rig.pass(wait)
    expect(await rig.notices(lea)).toMatchObject([
      { what: 'opened', person: lea, incident: { number: 1, room, roomName: 'Room', signal: 'peripherals.camera' }, desktop: false },
    ])
    await good()
    await rig.pass(wait)
    await rig.pass(hour)
    expect(await told(lea)).toEqual(['opened', 'resolved'])
  })

  it('is nothing of what was over before it was told', async () => {
    await rig.rule(lea)
    await bad()
    await rig.pass(wait / 2)
    await good()
    await rig.pass(wait)
    expect(await told(lea)).toEqual([])
    expect((await rig.rows()).map(({ event, why }) => `${event}: ${why}`)).toEqual(['opened: over', 'resolved: openingNotTold'])
  })

  it('is nothing of what happened before the rule, and each opening by itself', async () => {
    await bad()
    await rig.pass(1)
    await rig.rule(lea)
    await good()
    await rig.pass(wait)
    await bad()
    await rig.pass(wait)
    // Of the first opening nothing was told, and no rule of hers would have: its end is news.
    expect(await told(lea)).toEqual(['resolved', 'opened'])
  })

  it('is only of rooms that the person sees, when it is told', async () => {
    const other = await rig.incidents.room()
    const tom = await rig.person('tom', [other])
    await rig.rule(tom)
    await bad()
    await rig.incidents.report(other, { 'audio.speaker': 'unhealthy' })
    await rig.tell()
    await rig.incidents.write(async (tx) => tx.update.person().where('id', '=', tom).set({ removedAt: 1 }).execute())
    await rig.pass(wait)
    expect(await told(tom)).toEqual([])
    expect((await rig.rows()).map(({ why }) => why)).toEqual(['removed'])
  })

  it('of severities and groups that it does not name is nothing', async () => {
    await rig.rule(lea, { what: { events: ['opened'], severities: ['warning'], groups: [], mine: false } })
    await rig.rule(lea, {
      what: { events: ['opened'], severities: ['important'], groups: ['00000000-0000-7000-8000-0000000000aa' as never], mine: false },
    })
    await bad()
    await rig.pass(wait)
    expect(await rig.rows()).toEqual([])
  })

  it('is told in the list in quiet hours too, and not on the desktop, and by e-mail when they are over', async () => {
    const everyDay = [1, 2, 3, 4, 5, 6, 7]
    // It is 10:00 in Paris.
    const when = { timeZone: 'Europe/Paris', quiet: { days: everyDay, from: 0, to: 12 * 60 } }
    await rig.rule(lea, { when, to: { kind: 'me', console: true, desktop: true, email: true } })
    await bad()
    await rig.pass(wait)
    expect(await rig.notices(lea)).toMatchObject([{ what: 'opened', desktop: false }])
    expect(rig.email.lines).toEqual([])
    await rig.pass(2 * hour)
    expect(rig.email.lines).toEqual(['opened of 1'])
  })

  it('of a storm is one of its incidents, and the end of what was told before it came to one', async () => {
    await rig.rule(lea)
    await bad()
    await rig.pass(wait)
    const other = await rig.incidents.room()
    await rig.incidents.report(other, { 'peripherals.camera': 'unhealthy' })
    // Another room's is told for all of them.
    const first = '00000000-0000-7000-8000-0000000000ff' as never
    await rig.incidents.write(async (tx) => {
      const storm = { id: first, number: 9, cause: 'building' as const, value: 'A', at: tx.at, first }
      for (const one of [room, other]) for (const incident of await tx.ofRoom('incident', one)) tx.put('incident', { ...incident, storm })
    })
    await rig.pass(wait)
    expect(await told(lea)).toEqual(['opened'])
    expect((await rig.rows()).map(({ state, why }) => why ?? state)).toEqual(['told', 'storm'])
    await rig.incidents.write(async (tx) => {
      const [incident] = await tx.ofRoom('incident', room)
      if (!incident) throw new Error('There is no incident.')
      tx.put('incident', { ...incident, status: 'resolved' })
      const entry = { id: EntryId.parse(tx.ids()), incident: incident.id, room, kind: 'resolved' as const }
      tx.put('entry', { ...entry, actor: { kind: 'system' }, at: tx.at, receivedAt: tx.at })
    })
    await rig.pass(wait)
    expect(await told(lea)).toEqual(['opened', 'resolved'])
  })

  it('by two rules is told once', async () => {
    await rig.rule(lea)
    await rig.rule(lea)
    await bad()
    await rig.pass(wait)
    expect(await told(lea)).toEqual(['opened'])
  })
})

describe('[INC-6] without any rule', () => {
  it('whoever is given an incident, or is mentioned, reads so at once; what one does oneself is no news', async () => {
    const tom = await rig.person('tom')
    await bad()
    await rig.pass(wait)
    await rig.incidents.write(async (tx) => {
      const incident = (await tx.ofRoom('incident', room))[0]!
      tx.put('incident', { ...incident, owner: { id: lea, name: 'lea' } })
      const entry = { incident: incident.id, room, at: tx.at, receivedAt: tx.at }
      const by = { kind: 'person' as const, id: tom, name: 'tom' }
      const id = () => EntryId.parse(tx.ids())
      tx.put('entry', { ...entry, id: id(), kind: 'assigned', actor: by, owner: { id: lea, name: 'lea' } })
      tx.put('entry', { ...entry, id: id(), kind: 'comment', actor: by, text: 'Look, @Lea and @TOM: it is the cable' })
    })
    await rig.tell()
    expect(await rig.notices(lea)).toMatchObject([{ what: 'mentioned', by: 'tom', text: expect.any(String) }, { what: 'assigned' }])
    expect(await told(tom)).toEqual([])
  })

  it('[ACC-4] members of an assignment with e-mail on are mailed of its rooms', async () => {
    const other = await rig.incidents.room()
    await rig.person('mia', [room], true)
    await rig.incidents.report(other, { 'audio.speaker': 'unhealthy' })
    await bad()
    await rig.pass(wait)
    expect(rig.email.sent.map(({ target, items }) => [target, items.length])).toEqual([[expect.any(String), 1]])
    expect(rig.email.lines).toEqual(['opened of 2'])
  })
})

describe('[INC-6, rule 15] what goes out', () => {
  it('is tried again with growing pauses, and given up after the last', async () => {
    await toHook()
    rig.webhook.outcome = () => ({ ok: false, problem: 'unreached', away: true })
    await bad()
    await rig.pass(wait)
    for (const pause of limits.deliveryRetriesMs) {
      expect((await rig.rows())[0]).toMatchObject({ state: 'waiting', why: 'retry', dueAt: rig.incidents.now + pause })
      await rig.pass(pause)
    }
    expect((await rig.rows())[0]).toMatchObject({ state: 'not', why: 'gaveUp', tries: limits.deliveryRetriesMs.length + 1 })
  })

  it('to one that is away keeps the rest waiting, and comes in its order', async () => {
    await toHook()
    let tries = 0
    rig.webhook.outcome = () => (tries++, { ok: false, problem: 'unreached', away: true })
    await bad()
    await rig.incidents.report(room, { 'audio.speaker': 'unhealthy' })
    await rig.pass(wait)
    expect(tries).toBe(1)
    await good()
    rig.webhook.outcome = () => ({ ok: true })
    await rig.pass(wait)
    expect(rig.webhook.lines).toEqual(['opened of 1', 'opened of 2', 'resolved of 1'])
  })

  it('to an endpoint that failed for five days ends, and who saved it is told', async () => {
    await toHook()
    rig.webhook.outcome = () => ({ ok: false, problem: 'unreached', away: true })
    for (let day = 0; day < 6; day++) {
      await bad()
      await rig.pass(wait)
      await good()
      await rig.pass(24 * hour)
    }
    const row = await rig.incidents.read().tables.endpoint().selectAll().executeTakeFirstOrThrow()
    expect(row.switchedOffAt).not.toBeNull()
    expect(await rig.notices(lea)).toMatchObject([{ what: 'endpointOff', text: 'Hook' }])
    const audit = await rig.incidents.read().tables.audit().select('detail').where('detail', 'like', '%endpoint.switchOff%').execute()
    expect(audit).toHaveLength(1)
  })

  it('survives the end of the process, and nothing of it comes twice', async () => {
    await rig.rule(lea)
    await toHook()
    await bad()
    await rig.restart()
    await rig.tell()
    await rig.restart()
    await rig.pass(wait)
    await rig.restart()
    await rig.pass(hour)
    expect(await told(lea)).toEqual(['opened'])
    expect(rig.webhook.lines).toEqual(['opened of 1'])
  })

  it('of a rule that was changed meanwhile is judged by it as it is', async () => {
    const id = await rig.rule(lea)
    await bad()
    await rig.tell()
    await rig.incidents.write(async (tx) =>
      tx.update
        .notifyRule()
        .where('id', '=', id)
        .set({ body: JSON.stringify(draft({ on: false })) })
        .execute(),
    )
    await rig.pass(wait)
    expect((await rig.rows()).map(({ why }) => why)).toEqual(['ruleOff'])
  })

  it('[rule 9] a list has so many notices at most, of which few are shown by themselves', async () => {
    await rig.rule(lea, { to: { kind: 'me', console: true, desktop: true, email: false } })
    for (let n = 0; n < limits.noticesOfPerson / 2 + 5; n++) {
      await bad()
      await rig.pass(wait)
      await good()
      await rig.pass(wait)
    }
    const notices = await rig.notices(lea)
    expect(notices).toHaveLength(limits.noticesOfPerson)
    const hourAgo = rig.incidents.now - hour
    expect(notices.filter(({ desktop, at }) => desktop && at > hourAgo).length).toBeLessThanOrEqual(limits.desktopPerHour)
  })
})

describe('[INC-6] why somebody was, or was not, told', () => {
  const asked = async () => {
    const read = rig.incidents.read()
    const rules = await rulesOf(read.tables, await resolvedOf(read))
    return { read, caller: { person: lea }, rules, others: true, now: rig.incidents.now, waitMs: wait, mail: false }
  }
  const why = async () => {
    const [incident] = await rig.incidents.read().list('incident', { limit: 1 })
    return (await whyOf(incident!, await asked())).map(({ rule, channel, event, told: { state, ...more } }) => ({
      rule: rule.name,
      line: `${event} by ${channel}: ${'why' in more ? `${state}, ${more.why}` : state}`,
    }))
  }

  it('is answered of each rule, by the function that decides', async () => {
    await rig.rule(lea, { name: 'List' })
    await rig.rule(lea, { name: 'Mail', to: { kind: 'me', console: false, desktop: false, email: true } })
    await rig.rule(lea, { name: 'Warnings', what: { events: ['opened'], severities: ['warning'], groups: [], mine: false } })
    await rig.rule(lea, { name: 'Off', on: false })
    await bad()
    await rig.tell()
    expect(await why()).toContainEqual({ rule: 'List', line: 'opened by console: waits, gathering' })
    await rig.pass(wait)
    await rig.rule(lea, { name: 'Late' })
    const lines = await why()
    expect(lines).toContainEqual({ rule: 'List', line: 'opened by console: told' })
    expect(lines).toContainEqual({ rule: 'Warnings', line: 'opened by console: not, severity' })
    expect(lines).toContainEqual({ rule: 'Off', line: 'opened by console: not, ruleOff' })
    expect(lines).toContainEqual({ rule: 'Late', line: 'opened by console: not, ruleNewer' })
  })

  it('and a rule is tried on what happened before it', async () => {
    await bad()
    await rig.pass(wait / 2)
    await good()
    await rig.pass(hour)
    await bad()
    await rig.pass(hour)
    await good()
    await rig.pass(hour)
    const { told, later, lines } = await tryRule(draft(), await asked())
    expect([told, later]).toEqual([2, 0])
    expect(lines.map(({ event, why: reason }) => `${event}: ${reason ?? 'told'}`)).toEqual([
      'resolved: told',
      'opened: told',
      'resolved: openingNotTold',
      'opened: over',
    ])
    // It is from 10:00 on in Paris.
    const quiet = { days: [1, 2, 3, 4, 5, 6, 7], from: 0, to: 12 * 60 }
    const mail = draft({ when: { timeZone: 'Europe/Paris', quiet }, to: { kind: 'me', console: false, desktop: false, email: true } })
    expect(await tryRule(mail, await asked())).toMatchObject({ told: 2, later: 1 })
  })
})
