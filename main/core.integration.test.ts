import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TopicOutput } from '../contract/bridge.ts'
import { until } from '../contract/testing/wait.ts'
import { lockDataFolder } from './core.ts'
import { idOf, makeRoom, tenantId } from './testing/documents.ts'
import { FakeSession } from './testing/fakes.ts'
import { comment, incident, Rig } from './testing/rig.ts'
import { FakeService } from './testing/service.ts'

let rig: Rig

beforeEach(async () => {
  rig = await Rig.make()
})
afterEach(() => rig.remove())

describe('the console', () => {
  it('starts from its cache with no network, and says how old it is', async () => {
    await rig.start()
    await rig.live()
    await rig.stop()
    // Nobody listens there any more.
    const gone = rig.service.url
    await rig.service.stop()
    rig.service = await FakeService.start()
    await rig.start(gone)
    expect(await rig.names()).toEqual(['Room 1', 'Room 2', 'Room 3'])
    expect(await rig.now('session')).toMatchObject({ state: 'signedIn', me: { name: 'Amélie Laurent' }, tenant: 'Contoso' })
    const offline = await until('offline', async () => {
      const state = await rig.now('sync')
      return state.state === 'offline' ? state : null
    })
    expect(offline).toMatchObject({ why: 'network', code: 'network.offline' })
    expect(offline.syncedAt).toBeGreaterThan(0)
  })

  it('follows changes, and tells which', async () => {
    await rig.start()
    await rig.live()
    const changes: TopicOutput<'changes'>[] = []
    const room: TopicOutput<'room'>[] = []
    rig.bridge.listen('changes', {}, (change) => changes.push(change))
    rig.bridge.listen('room', { room: idOf('room', 2) as never }, (view) => room.push(view))
    // What comes while the first snapshot is still being told of is told without names.
    await until('a change that names the room', () => {
      rig.service.put('room', makeRoom(2, { name: 'Renamed' }))
      return changes.find(({ rooms }) => rooms?.some((id) => id === idOf('room', 2)))
    })
    expect(await rig.names()).toContain('Renamed')
    expect(room.map((view) => view?.name)).toEqual(['Room 2', 'Renamed'])
    rig.service.remove('room', idOf('room', 2))
    await until('the removal', () => room.at(-1) === null)
  })

  it('loses what the person may not see any more, and gains what is new', async () => {
    await rig.start()
    await rig.live()
    rig.service.scope = 2
    for (const key of [`room:${idOf('room', 1)}`, `room:${idOf('room', 3)}`, `incident:${incident}`]) rig.service.docs.delete(key)
    rig.service.docs.set(`room:${idOf('room', 9)}`, { kind: 'room', room: idOf('room', 9), rev: 1, doc: makeRoom(9) })
    rig.service.say({
      type: 'scope',
      version: 2,
      rooms: { room: [idOf('room', 2), idOf('room', 9)], incident: [idOf('room', 2)], entry: [], roomEvent: [], settings: 'all' },
    })
    await until('room 9', async () => (await rig.names()).includes('Room 9'))
    expect(await rig.names()).toEqual(['Room 2', 'Room 9'])
    expect((await rig.bridge.call('incidents.counts', {})).needAction).toBe(0)
    await rig.live()
  })

  it('keeps what is done while working offline, also over a restart, and sends it once', async () => {
    await rig.start()
    await rig.live()
    await rig.bridge.call('sync.workOffline', { on: true })
    await rig.submit('first')
    await rig.submit('second')
    expect(await rig.texts()).toEqual(['second*', 'first*'])
    await expect(rig.bridge.call('enrolment.saveKey', { tenant: tenantId })).rejects.toMatchObject({ code: 'network.offline' })
    await rig.stop()
    await rig.start()
    expect(await rig.now('sync')).toMatchObject({ state: 'offline', why: 'workOffline' })
    expect(await rig.texts()).toEqual(['second*', 'first*'])
    expect(rig.service.commands).toEqual([])
    await rig.bridge.call('sync.workOffline', { on: false })
    await until('sent', async () => (await rig.now('outbox')).pending === 0)
    expect(await rig.texts()).toEqual(['second', 'first'])
    expect([...rig.service.appliedKeys.values()]).toEqual([1, 1])
  })

  it('shows why the service refused, with what was typed, and sends it again when told', async () => {
    await rig.start()
    await rig.live()
    rig.service.onCommand = () => 'incident.notFound'
    const { key } = await rig.submit('typed')
    await until('refused', async () => (await rig.now('outbox')).refused === 1)
    expect((await rig.bridge.call('outbox.list', {})).rows).toMatchObject([
      { key, state: 'refused', command: { text: 'typed' }, refusal: { code: 'incident.notFound' }, subject: '#1 Room 1' },
    ])
    expect(await rig.texts()).toEqual([])
    rig.service.onCommand = () => 'apply'
    await rig.bridge.call('outbox.retry', { key })
    await until('sent', async () => (await rig.texts()).join() === 'typed')
    expect(rig.service.commands.map((request) => request.key === key)).toEqual([true, false])
  })

  it('saves the key and the installer under safe names, and asks the service each time', async () => {
    await rig.start()
    await rig.live()
    const saved = await rig.bridge.call('enrolment.saveKey', { tenant: tenantId })
    expect(readFileSync(saved.path, 'utf8')).toBe('secret-key\n')
    const second = await rig.bridge.call('enrolment.saveKey', { tenant: tenantId })
    expect(second.path).not.toBe(saved.path)
    const installer = await rig.bridge.call('enrolment.saveInstaller', { tenant: tenantId })
    expect(installer.path).toBe(join(rig.folder.path, 'downloads', 'agent.zip'))
    rig.service.onRequest = (_request, response) => {
      response.write('x'.repeat(5 * 1024 * 1024))
      response.end()
      return true
    }
    await expect(rig.bridge.call('enrolment.saveKey', { tenant: tenantId })).rejects.toMatchObject({ code: 'service.failed' })
  })

  it('makes a support bundle without names, tokens, or what was written', async () => {
    await rig.start()
    await rig.live()
    await rig.submit('my secret thought')
    rig.log.warn(
      { error: 'amelie.laurent@contoso.example of Contoso with eyJhbGciOi.eyJzdWIi.c2ln in /home/amelie/x/y' },
      'something about Amélie Laurent',
    )
    const { path } = await rig.bridge.call('support.saveBundle', {})
    const files = Object.entries(unzipSync(readFileSync(path))).map(([name, bytes]) => [name, new TextDecoder().decode(bytes)] as const)
    expect(files.map(([name]) => name).sort()).toEqual(['about.json', 'console.log', 'state.json'])
    for (const [, text] of files) {
      for (const secret of ['Amélie', 'amelie', 'Contoso', 'contoso', 'secret thought', 'eyJ', 'Room 1', rig.folder.path])
        expect(text).not.toContain(secret)
    }
    expect(JSON.parse(files.find(([name]) => name === 'state.json')![1])).toMatchObject({
      documents: [{ room: 3 }],
      sync: { state: 'live' },
    })
  })

  it('has its data folder to itself', () => {
    expect(() => lockDataFolder(rig.folder.path)).toThrow(expect.objectContaining({ code: 'cache.locked' }))
    rig.lock.release()
    rig.lock = lockDataFolder(rig.folder.path)
  })
})

describe('signing out', () => {
  it('asks when something is unsent, and keeps or discards it as told, but never the rest', async () => {
    await rig.start()
    await rig.live()
    await rig.bridge.call('sync.workOffline', { on: true })
    await rig.submit('unsent')
    await expect(rig.bridge.call('session.signOut', { unsent: 'ask' })).rejects.toMatchObject({ code: 'session.unsent' })
    expect(rig.session.state.state).toBe('signedIn')
    expect(await rig.names()).toHaveLength(3)

    await rig.bridge.call('session.signOut', { unsent: 'keep' })
    expect(rig.session.state.state).toBe('signedOut')
    expect(existsSync(join(rig.lock.path, rig.account, 'cache.db'))).toBe(false)
    expect(rig.vault.keys.has(`cache-${rig.account}`)).toBe(false)
    await expect(rig.rows()).rejects.toMatchObject({ code: 'session.none' })

    rig.session.set(new FakeSession('token', rig.account).state)
    const kept = await until('the outbox', async () => (await rig.bridge.call('outbox.list', {}).catch(() => ({ rows: [] }))).rows[0])
    expect(kept.command).toEqual(comment('unsent'))
    await rig.bridge.call('session.signOut', { unsent: 'discard' })
    rig.session.set(new FakeSession('token', rig.account).state)
    await until('signed in again', () =>
      rig.bridge.call('outbox.list', {}).then(
        ({ rows: left }) => left.length === 0,
        () => false,
      ),
    )
    expect(rig.service.commands).toEqual([])
  })

  it('that was interrupted is finished at the next start', async () => {
    await rig.start()
    await rig.live()
    await rig.stop()
    rig.session = new FakeSession('token', 'b'.repeat(16))
    await rig.start()
    expect(existsSync(join(rig.lock.path, rig.account, 'cache.db'))).toBe(false)
    expect(existsSync(join(rig.lock.path, rig.account, 'outbox.db'))).toBe(true)
  })
})
