import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CallOutput, TopicOutput } from '../../contract/bridge.ts'
import { QueuedCommand } from '../../contract/commands.ts'
import { TenantId } from '../../contract/ids.ts'
import type { System } from '../../contract/system.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import { idOf, makeIncident, makeMe, makeRoom, tenantId } from '../testing/documents.ts'
import { Rig } from '../testing/rig.ts'
import { FakeService } from '../testing/service.ts'
import type { FakeTenant } from '../testing/tenant.ts'
import type { Entered } from './entered.ts'

/** Two customers beside one's own tenant (PAR-8): Adatum and Woodgrove, with rooms 11 and 12, 21 and 22. */
const own = TenantId.parse(tenantId)
const adatum = TenantId.parse(idOf('tenant', 2))
const woodgrove = TenantId.parse(idOf('tenant', 3))
const links = { [adatum]: idOf('link', 2), [woodgrove]: idOf('link', 3) }

let rig: Rig

const list = (...ids: TenantId[]): void =>
  rig.service.put('me', {
    ...makeMe(),
    customers: ids.map((tenant) => ({ tenant, link: links[tenant], name: tenant === adatum ? 'Adatum' : 'Woodgrove' })),
  } as { id: string })
const fill = (tenant: FakeTenant, first: number): void => {
  tenant.put('room', ...[1, 2].map((n) => makeRoom(first + n, { name: `Room ${first + n}` })))
  tenant.put('incident', makeIncident(first + 1, first + 1))
}
const session = async (): Promise<Extract<TopicOutput<'session'>, { state: 'signedIn' }>> => {
  const state = await rig.now('session')
  if (state.state !== 'signedIn') throw new Error('signed out')
  return state
}
const enter = (tenant: Entered) => rig.bridge.call('session.enter', { tenant })
const incidents = async (group: 'none' | 'customer' = 'none'): Promise<CallOutput<'incidents.list'>['rows']> =>
  (await rig.bridge.call('incidents.list', { filter: { chip: 'needAction' }, group, offset: 0, limit: 100 })).rows
const openTenants = async (): Promise<string[]> => (await session()).tenants.map(({ name }) => name)
/** Everything is open, entered together, and there. */
const together = async (): Promise<void> => {
  await until('both customers', async () => (await openTenants()).length === 3)
  await enter('all')
  await until('all rooms', async () => (await rig.rows()).length === 7)
  await rig.live()
}
const comment = (n: number, text: string) =>
  rig.bridge.call('commands.submit', { command: QueuedCommand.parse({ type: 'incident.comment', incident: idOf('incident', n), text }) })
const cacheOf = (tenant: string): string => join(rig.lock.path, rig.account, tenant, 'cache.db')
const keyOf = (kind: 'cache' | 'outbox', tenant: string): boolean =>
  rig.vault.keys.has(`${kind}-${rig.account}-${tenant.replaceAll('-', '')}`)

beforeEach(async () => {
  rig = await Rig.make()
  fill(rig.service.customer(adatum, 'Adatum'), 10)
  fill(rig.service.customer(woodgrove, 'Woodgrove'), 20)
  list(woodgrove, adatum)
})
afterEach(() => rig.remove())

describe('several tenants', () => {
  it('are entered one at a time, each with its own rows only', async () => {
    await rig.start()
    await until('both customers', async () => (await openTenants()).length === 3)
    expect(await session()).toMatchObject({
      entered: own,
      tenant: 'Contoso',
      tenants: [
        { id: own, link: null },
        { id: adatum, link: links[adatum] },
        { id: woodgrove, locked: false },
      ],
    })
    await until('own rooms', async () => (await rig.names()).length === 3)
    expect(await rig.names()).toEqual(['Room 1', 'Room 2', 'Room 3'])

    await enter(adatum)
    // Rows can be read as soon as they are written; what is known by them follows.
    await until('what one may do at Adatum', async () => (await session()).me?.tenant === adatum)
    expect(await rig.names()).toEqual(['Room 11', 'Room 12'])
    expect((await rig.rows()).map(({ tenant }) => tenant)).toEqual([undefined, undefined])
    expect((await incidents('customer')).map(({ number }) => number)).toEqual([11])
    expect(await session()).toMatchObject({ entered: adatum, tenant: 'Adatum', me: { tenant: adatum } })
    expect((await rig.bridge.call('search.jump', { text: 'room' })).rooms.map(({ name }) => name)).toEqual(['Room 11', 'Room 12'])
    await enter(own)
    expect(await rig.names()).toEqual(['Room 1', 'Room 2', 'Room 3'])
    await expect(enter(TenantId.parse(idOf('tenant', 9)))).rejects.toMatchObject({ code: 'session.tenantUnknown' })
  })

  it('are shown together in one order, and each row says whose it is', async () => {
    await rig.start()
    await together()
    expect((await rig.rows()).map(({ name, tenant }) => `${name} ${tenant?.name}`)).toEqual([
      'Room 1 Contoso',
      'Room 2 Contoso',
      'Room 3 Contoso',
      'Room 11 Adatum',
      'Room 12 Adatum',
      'Room 21 Woodgrove',
      'Room 22 Woodgrove',
    ])
    const { rows, total } = await rig.bridge.call('rooms.list', { filter: {}, sort: 'name', descending: true, offset: 1, limit: 3 })
    expect([total, rows.map(({ name }) => name)]).toEqual([7, ['Room 21', 'Room 12', 'Room 11']])
    expect((await incidents()).map(({ number }) => number)).toEqual([21, 11, 1])
    expect((await incidents('customer')).map(({ number, tenant }) => `${number} ${tenant?.name}`)).toEqual([
      '11 Adatum',
      '1 Contoso',
      '21 Woodgrove',
    ])
    expect((await rig.bridge.call('rooms.totals', { filter: {} })).healthy).toBe(7)
    expect((await rig.bridge.call('rooms.buildings', {})).rows.map(({ building, rooms }) => `${building} ${rooms}`)).toEqual([
      'Bishopsgate 4',
      'Confluence 3',
    ])
    expect((await rig.bridge.call('incidents.counts', {})).needAction).toBe(3)
    const counted: unknown[] = []
    rig.bridge.listen('needAction', {}, (rows) => counted.push(rows?.map(({ count, unclaimed }) => [count, unclaimed])))
    await until('counts of each', () => JSON.stringify(counted.at(-1)) === '[[1,1],[1,1],[1,1]]')
    expect((await rig.bridge.call('search.jump', { text: '21' })).incidents.map(({ number }) => number)).toEqual([21])
    expect(await session()).toMatchObject({ entered: 'all', tenant: 'Contoso', me: { tenant: own } })

    rig.service.customers.get(adatum)?.put('room', makeRoom(11, { name: 'Room 0' }))
    await until('the change', async () => (await rig.names())[0] === 'Room 0')
  })

  it('take what is done where the thing is, whatever is entered', async () => {
    await rig.start()
    await together()
    await enter(own)
    await comment(11, 'for Adatum')
    await until('sent', async () => (await rig.now('outbox')).pending === 0)
    expect([rig.service.customers.get(adatum)?.appliedKeys.size, rig.service.appliedKeys.size]).toEqual([1, 0])
    const { rows } = await rig.bridge.call('incidents.entries', { incident: idOf('incident', 11) as never, offset: 0, limit: 10 })
    expect(rows.map(({ text }) => text)).toEqual(['for Adatum'])

    const rooms = [1, 11, 12].map((n) => idOf('room', n))
    await rig.bridge.call('commands.submit', { command: QueuedCommand.parse({ type: 'rooms.unenrol', rooms }) })
    await until('sent', async () => rig.service.commands.length === 3)
    expect(rig.service.commands.slice(1).map(({ command }) => ('rooms' in command ? command.rooms : []))).toEqual(
      expect.arrayContaining([rooms.slice(0, 1), rooms.slice(1)]),
    )
    await until('confirmed', async () => (await rig.now('outbox')).pending === 0)

    const unknown = [1, 99].map((n) => idOf('room', n))
    await expect(
      rig.bridge.call('commands.submit', { command: QueuedCommand.parse({ type: 'rooms.unenrol', rooms: unknown }) }),
    ).rejects.toMatchObject({ code: 'room.notFound' })
    expect((await rig.now('outbox')).pending).toBe(0)
  })

  it('are all there after a start without a network, with what was entered last', async () => {
    await rig.start()
    await together()
    await enter(woodgrove)
    await rig.stop()
    const gone = rig.service.url
    await rig.service.stop()
    rig.service = await FakeService.start()
    await rig.start(gone)
    expect(await session()).toMatchObject({ entered: woodgrove, tenant: 'Woodgrove' })
    expect(await rig.names()).toEqual(['Room 21', 'Room 22'])
    await enter('all')
    expect(await rig.names()).toHaveLength(7)
    await until('offline', async () => (await rig.now('sync')).state === 'offline')
  })

  it('greet a person who has nothing at home with all customers', async () => {
    const { access: _some, ...me } = makeMe()
    rig.service.put('me', {
      ...me,
      access: { globalAdministrator: false, grants: [] },
      customers: [{ tenant: adatum, link: links[adatum], name: 'Adatum' }],
    } as { id: string })
    await rig.start()
    await until('all', async () => (await session()).entered === 'all')
  })

  it('ask about the tenant that is entered', async () => {
    await rig.start()
    await together()
    const asked: unknown[] = []
    rig.service.answers.set('/v1/partners', { items: [] })
    rig.service.onRequest = ({ url, headers }) => {
      if (url === '/v1/partners') asked.push(headers['roomkeeper-tenant'])
      return false
    }
    for (const tenant of [adatum, own, 'all'] as const) {
      await enter(tenant)
      await rig.bridge.call('policy.partners', {})
    }
    expect(asked).toEqual([adatum, undefined, undefined])
  })
})

describe('a customer that is one no more', () => {
  it('is gone at once when its link ends, and what was typed for it is kept as refused', async () => {
    await rig.start()
    await together()
    const topic: TopicOutput<'room'>[] = []
    rig.bridge.listen('room', { room: idOf('room', 11) as never }, (view) => topic.push(view))
    await until('the room', () => topic.at(-1)?.name === 'Room 11')
    rig.service.onCommand = () => 'service.unavailable'
    const { key } = await comment(11, 'typed')
    await until('tried', () => rig.service.commands.some((command) => command.key === key))
    await enter(adatum)
    list(woodgrove)
    await until('closed', async () => (await openTenants()).join() === 'Contoso,Woodgrove')
    await until('forgotten', () => !existsSync(cacheOf(adatum)) && !keyOf('cache', adatum))
    expect(topic.at(-1)).toBeNull()
    expect(await session()).toMatchObject({ entered: own, tenant: 'Contoso' })
    await enter('all')
    expect(await rig.names()).toEqual(['Room 1', 'Room 2', 'Room 3', 'Room 21', 'Room 22'])
    const parked = await until('refused', async () =>
      (await rig.bridge.call('outbox.list', {})).rows.find(({ state }) => state === 'refused'),
    )
    expect(parked).toMatchObject({ key, command: { text: 'typed' }, refusal: { code: 'command.unanswered' } })
    await expect(rig.bridge.call('outbox.retry', { key })).rejects.toMatchObject({ code: 'access.denied' })

    await rig.stop()
    await rig.start()
    expect(await rig.now('outbox')).toMatchObject({ refused: 1 })
    await rig.bridge.call('outbox.discard', { key })
    await until('nothing of it left', () => !existsSync(join(cacheOf(adatum), '..')) && !keyOf('outbox', adatum))
    expect(await rig.now('outbox')).toEqual({ pending: 0, refused: 0, toSend: 0 })
  })

  it('is gone when its own feed says so, before the list does, and comes back with the list', async () => {
    await rig.start()
    await together()
    rig.service.withdraw(adatum)
    await until('closed', async () => (await openTenants()).join() === 'Contoso,Woodgrove')
    await until('forgotten', () => !existsSync(cacheOf(adatum)) && !keyOf('cache', adatum) && !keyOf('outbox', adatum))
    expect(await rig.names()).not.toContain('Room 11')
    list(woodgrove)
    fill(rig.service.customer(adatum, 'Adatum'), 10)
    await until('known', async () => (await session()).me?.customers?.length === 1)
    list(adatum, woodgrove)
    await until('back', async () => (await rig.names()).includes('Room 11'))
  })

  it('while the console was off is purged at its next contact', async () => {
    await rig.start()
    await together()
    await rig.stop()
    rig.service.customers.delete(adatum)
    await rig.start()
    await until('closed', async () => (await openTenants()).join() === 'Contoso,Woodgrove')
    await until('forgotten', () => !existsSync(cacheOf(adatum)) && !keyOf('cache', adatum))
    expect(existsSync(cacheOf(woodgrove))).toBe(true)
  })
})

describe('copies that were too long without contact', () => {
  const inDays = (days: number): System => ({
    ...realSystem,
    clock: { ...realSystem.clock, now: () => realSystem.clock.now() + days * 86_400_000 },
  })

  it('are locked each by its own tenant, and come back with the service', async () => {
    rig.service.put('tenant', { id: own, name: 'Contoso', offlineLeaseDays: 90 } as { id: string })
    await rig.start()
    await together()
    await rig.stop()
    const service = rig.service
    rig.service = await FakeService.start()
    const gone = rig.service.url
    await rig.service.stop()
    rig.service = service

    await rig.start(gone, inDays(60))
    expect((await session()).tenants.map(({ name, locked }) => `${name} ${locked}`)).toEqual([
      'Contoso false',
      'Adatum true',
      'Woodgrove true',
    ])
    expect(await rig.names()).toEqual(['Room 1', 'Room 2', 'Room 3'])
    await enter(adatum)
    expect(await rig.names()).toEqual([])
    await rig.stop()

    await rig.start(gone, inDays(100))
    expect((await session()).tenants).toMatchObject([{ id: own, locked: true }])
    expect(await session()).toMatchObject({ me: null, entered: adatum })
    await rig.stop()

    await rig.start(service.url, inDays(100))
    await until('unlocked', async () => (await session()).tenants.filter(({ locked }) => !locked).length === 3)
    await enter('all')
    await until('all rooms', async () => (await rig.rows()).length === 7)
  })
})

describe('signing out', () => {
  it('forgets the copies of all tenants, and asks for what is unsent in any', async () => {
    await rig.start()
    await together()
    await rig.bridge.call('sync.workOffline', { on: true })
    await comment(21, 'unsent')
    await expect(rig.bridge.call('session.signOut', { unsent: 'ask' })).rejects.toMatchObject({ code: 'session.unsent' })
    await rig.bridge.call('session.signOut', { unsent: 'keep' })
    expect(['', adatum, woodgrove].map((tenant) => existsSync(cacheOf(tenant)))).toEqual([false, false, false])
    expect([...rig.vault.keys.keys()].filter((name) => name.startsWith('cache'))).toEqual([])
    expect(keyOf('outbox', woodgrove)).toBe(true)
  })
})
