import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { z } from 'zod'
import { root } from '../build/paths.ts'
import { run } from '../build/run.ts'
import { connect } from '../build/start/api.ts'
import { programs } from '../contract/testing/programs.ts'
import { command, npmStart, people, processesWith, tempFolder } from './product.ts'
import { expect, test } from './test.ts'

const start = ['build/start.ts', '--no-open', '--host', 'browser']

test('Ctrl-C ends everything that the start has started, and a folder or port in use is said plainly', async ({ data }) => {
  const other = tempFolder()
  const args = [...start, '--json', '--port', '0', '--service-port', '0', '--data', data]
  const first = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(first, 'exit')
  try {
    const line = String((await once(first.stdout, 'data'))[0])
    expect(JSON.parse(line)).toMatchObject({ ready: true, host: 'browser', data })
    const { service } = z.object({ service: z.string() }).parse(JSON.parse(line))

    const again = await run(process.execPath, [...start, '--data', data])
    expect(again.code).toBe(1)
    expect(again.output).toContain(`process ${first.pid}`)

    const port = new URL(service).port
    const refused = await run(process.execPath, [...start, '--data', other.path, '--service-port', port])
    expect(refused.code).toBe(1)
    expect(refused.output).toContain(`Port ${port} is in use by another Roomkeeper service`)
    expect(refused.output).toContain('--service-port')
  } finally {
    first.kill('SIGINT')
    other.remove()
  }
  expect(await ended).toEqual([0, null])
  await expect.poll(() => processesWith(data)).toEqual([])
})

test('a stranger on the port is named as far as it is known', async ({ data }) => {
  const stranger = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  const port = String((stranger.address() as AddressInfo).port)
  const refused = await run(process.execPath, [...start, '--data', data, '--service-port', '0', '--port', port])
  stranger.close()
  expect(refused.code).toBe(1)
  expect(refused.output).toContain(`Port ${port} is in use by`)
  expect(refused.output).toContain('--port N')
})

test('the demo: 24 rooms enrolled in three buildings, this machine in onboarding, and each role its scope', async ({ data }) => {
  let started = await npmStart(data)
  try {
    const token = await command('token', '--user', people.manager, '--data', data)
    const api = connect(started.ready.service, token.trim())
    const rooms = await api.rooms()
    const enrolled = rooms.filter((room) => room.lifecycle === 'enrolled')
    expect(enrolled).toHaveLength(24)
    expect(new Set(enrolled.map((room) => room.place.building)).size).toBe(3)
    const machine = rooms.filter((room) => room.lifecycle === 'onboarding')
    expect(machine.map((room) => room.device.profile)).toEqual(['generic'])
    const scopes = (await api.assignments())
      .filter((one) => one.role === 'siteLead' || one.role === 'siteTech')
      .map((one) => one.reaches.rooms)
    expect(scopes).toEqual([8, 8])
    const listed: unknown = JSON.parse(await command('token', '--list', '--data', data))
    expect(JSON.stringify(listed)).toContain(people.siteTech)

    // A part that dies takes the rest along, and says so.
    const [agents] = await processesWith(`${programs.agent} fleet`).then((lines) => lines.filter((line) => line.includes(data)))
    process.kill(Number(agents?.trim().split(/\s+/)[0]), 'SIGKILL')
    expect(await started.ended).toBe('exit code 1')

    // The next start goes on where this one was; --reset-demo begins anew.
    started = await npmStart(data, [], started)
    const after = connect(started.ready.service, (await command('token', '--user', people.manager, '--data', data)).trim())
    expect((await after.rooms()).map((room) => room.id).sort()).toEqual(rooms.map((room) => room.id).sort())
    await started.stop()
    started = await npmStart(data, ['--reset-demo', '--rooms', '6'])
    const anew = connect(started.ready.service, (await command('token', '--user', people.manager, '--data', data)).trim())
    expect((await anew.rooms()).filter((room) => room.lifecycle === 'enrolled')).toHaveLength(6)
  } finally {
    await started.stop()
  }
})
