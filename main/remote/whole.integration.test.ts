import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import type { Bridge, TopicOutput } from '../../contract/bridge.ts'
import { PolicyCommand, QueuedCommand } from '../../contract/commands.ts'
import { programs } from '../../contract/testing/programs.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import type { RemoteSessionView, RoomRow } from '../../contract/views.ts'
import { createCore, createLog, lockDataFolder } from '../core.ts'
import { runProcess, startProcess, startService } from '../host/testing/processes.ts'
import { FakeSession, FakeVault, openWindow, tempFolder } from '../testing/fakes.ts'

/** The real service with its relay, a real agent, and this console: from the switch to the end of a session. */
let undo: (() => unknown)[] = []
afterEach(async () => {
  for (const back of undo.toReversed()) await back()
  undo = []
})

const administrator = 'amelie.laurent@contoso.example'

async function begin(): Promise<{ bridge: Bridge; latest: { session?: TopicOutput<'session'>; sessions: readonly RemoteSessionView[] } }> {
  const folder = tempFolder()
  undo.push(folder.remove)
  const service = await startService(folder.path)
  undo.push(() => service.stop())
  const address = service.ready.service
  const token = (await runProcess(programs.service, 'token', '--user', administrator, '--data', folder.path)).stdout.trim()
  const key = z
    .object({ key: z.string() })
    .parse(await (await fetch(`${address}/v1/enrolment/key`, { headers: { authorization: `Bearer ${token}` } })).json()).key
  const keyFile = join(folder.path, 'enrolment.key')
  writeFileSync(keyFile, key)
  const fleet = [programs.agent, 'fleet', '--places', 'contoso', '--rooms', '1', '--seed', '1']
  const args = [...fleet, '--service', address, '--key-file', keyFile, '--data', folder.path, '--json', '--parent-pipe']
  const agents = await startProcess(args, z.object({ ready: z.literal(true) }))
  undo.push(() => agents.child.kill('SIGKILL'))
  const lock = lockDataFolder(folder.path)
  undo.push(() => lock.release())
  const core = await createCore({
    folder: lock,
    service: address,
    session: new FakeSession(token),
    vault: new FakeVault(),
    host: { kind: 'browser', version: '1', downloadFolder: join(folder.path, 'downloads') },
    system: realSystem,
    log: createLog('silent'),
  })
  undo.push(() => core.stop())
  const { bridge } = openWindow(core.bridge)
  const latest: { session?: TopicOutput<'session'>; sessions: readonly RemoteSessionView[] } = { sessions: [] }
  bridge.listen('session', {}, (value) => (latest.session = value))
  bridge.listen('remote.sessions', {}, ({ sessions }) => (latest.sessions = sessions))
  return { bridge, latest }
}

it('a session of a whole product begins, shows a screen and a terminal, and ends with the right to it', async () => {
  const { bridge, latest } = await begin()
  const me = await until('who I am', () => (latest.session?.state === 'signedIn' ? latest.session.me : undefined))
  const { tenant } = me
  const rooms = async (): Promise<RoomRow[]> =>
    (await bridge.call('rooms.list', { filter: {}, sort: 'name', descending: false, offset: 0, limit: 10 })).rows
  const submit = (command: object): Promise<unknown> => bridge.call('commands.submit', { command: QueuedCommand.parse(command), tenant })
  const apply = (command: object): Promise<unknown> => bridge.call('policy.apply', { tenant, command: PolicyCommand.parse(command) })

  const { id: room } = await until('the room', async () => (await rooms())[0], 60_000)
  await submit({ type: 'rooms.enrol', rooms: [room] })
  await until('enrolled', async () => (await rooms()).find((one) => one.lifecycle === 'enrolled' && one.pending.length === 0), 60_000)
  const start = (mode: 'view' | 'modify') => bridge.call('remote.start', { tenant, room, mode })
  await expect(start('modify')).rejects.toMatchObject({ code: 'access.denied' })

  const role = {
    type: 'role.save',
    role: 'remoteDesk',
    name: 'Remote desk',
    description: '',
    permissions: ['rooms.view', 'remoteAccess.view', 'remoteAccess.modify'],
  }
  const assignment = v7()
  const first = { assignment, name: 'Desk', description: '', notify: false, members: [{ kind: 'person', id: me.id }], scope: 'all' }
  await apply({ ...role, first })
  await expect(start('modify')).rejects.toMatchObject({ code: 'remote.switchedOff' })
  await submit({ type: 'settings.change', changes: { remoteAccess: true, remoteContact: administrator } })
  const session = await until(
    'the switch',
    () =>
      start('modify').then(
        (answer) => answer.session,
        () => undefined,
      ),
    30_000,
  )
  const view = (): RemoteSessionView | undefined => latest.sessions.find(({ id }) => id === session)
  const offers = await until('what it offers', () => view()?.offers)
  expect(offers).toMatchObject({ terminal: true, restart: true })
  expect(offers.displays).toContain('console')

  const heard = { screen: '', terminal: '' }
  const screen = bridge.open(
    'remote.screen',
    { session, display: 'console' },
    { bytes: (bytes) => void (heard.screen += Buffer.from(bytes).toString('latin1')), ended: () => undefined },
  )
  await until('RFB', () => heard.screen.startsWith('RFB 003.008\n'))
  screen.send(Buffer.from('RFB 003.008\n'))
  await until('security: none', () => heard.screen.length >= 14)
  const terminal = bridge.open(
    'remote.terminal',
    { session, terminal: 1, columns: 80, rows: 24 },
    { bytes: (bytes) => void (heard.terminal += Buffer.from(bytes).toString()), ended: () => undefined },
  )
  terminal.send(Buffer.from('help\r'))
  await until('what the terminal says', () => heard.terminal.includes('help'))
  await until('a round trip', () => view()?.roundTripMs !== null)

  await bridge.call('remote.restartAtEnd', { session, on: false })
  await until('no restart', () => view()?.restartAtEnd === false)
  await apply({ type: 'assignment.delete', assignment })
  await until('the end', () => view()?.state.state === 'ended')
  expect(view()?.state).toMatchObject({ reason: 'accessWithdrawn' })
  const { items } = await bridge.call('remote.log', { tenant })
  expect(items.map(({ id, end, refusal }) => [id === session, end, refusal])).toEqual(
    expect.arrayContaining([
      [true, 'accessWithdrawn', null],
      [false, null, 'remote.switchedOff'],
      [false, null, 'access.denied'],
    ]),
  )
  await expect(bridge.call('remote.recording', { tenant, session })).rejects.toMatchObject({ code: 'recording.notFound' })
  const saved = await bridge.call('remote.saveLog', { tenant, from: 0, to: Date.now() + 1_000 })
  expect(saved.bytes).toBeGreaterThan(0)
}, 240_000)
