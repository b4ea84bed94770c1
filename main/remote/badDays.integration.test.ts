import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { SessionId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { until } from '../../contract/testing/wait.ts'
import type { RoomRow } from '../../contract/views.ts'
import { startProcess } from '../host/testing/processes.ts'
import { Product, type TestConsole } from './testing/product.ts'

/** Bad days of remote sessions with the whole product: the service and its relay, agents and consoles. */

let product: Product
let desk: TestConsole
let other: TestConsole
let simulated: readonly RoomRow[]
let machine: RoomRow

beforeAll(async () => {
  product = await Product.start()
  await Promise.all([product.startFleet(3), product.startMachine('/bin/bash')])
  desk = await product.console()
  other = await product.console('david.okafor@contoso.example')
  const rooms = await product.allow(desk, 4, [desk.me.id, other.me.id])
  simulated = rooms.filter(({ name }) => name !== product.machine)
  machine = the(rooms.find(({ name }) => name === product.machine))
  await until(
    'the rooms of the other operator',
    async () => (await other.bridge.call('rooms.list', { filter: {}, sort: 'name', descending: false, offset: 0, limit: 20 })).total === 4,
  )
}, 120_000)
afterAll(() => product.stop())

function the<T>(one: T | undefined): T {
  if (one === undefined) throw new Error('not there')
  return one
}

const stateOf = (session: SessionId) => desk.view(session)?.state
function reasonIn(console: TestConsole, session: SessionId): unknown {
  const state = console.view(session)?.state
  return state?.state === 'ended' ? state.reason : undefined
}
const reasonOf = (session: SessionId): Promise<unknown> => until('the end', () => reasonIn(desk, session), 60_000)

/** Looks twice a second: asking costs a process, or one of the requests that a token may make in a minute. */
const eventually = (what: string, look: () => Promise<boolean>): Promise<unknown> => until(what, look, 90_000, 500)

/** A window with a terminal. `hold`: it takes nothing more until it is let; `holdAt`: from so many bytes on by itself. */
function openTerminal(session: SessionId, holdAt = Infinity) {
  const got: Buffer[] = []
  let length = 0
  let end = ''
  let held: Promise<void> | undefined
  let release = (): void => undefined
  const hold = (): void => {
    held = new Promise((resolve) => (release = resolve))
  }
  const stream = desk.bridge.open(
    'remote.terminal',
    { session, terminal: 1, columns: 80, rows: 24 },
    {
      bytes: (bytes) => {
        got.push(Buffer.from(bytes))
        if (length < holdAt && length + bytes.byteLength >= holdAt) hold()
        length += bytes.byteLength
        end = (end + Buffer.from(bytes).toString('latin1')).slice(-200)
        return held
      },
      ended: () => undefined,
    },
  )
  return {
    type: (line: string) => stream.send(Buffer.from(line)),
    length: () => length,
    end: () => end,
    text: () => Buffer.concat(got).toString(),
    hold,
    release: () => {
      held = undefined
      release()
    },
  }
}

/** A program for the shell of the machine. */
function program(name: string, ...lines: string[]): string {
  const file = join(product.folder, `${name}.sh`)
  writeFileSync(file, lines.join('\n'))
  return file
}

// Most of the time they wait: for a grace time, or for each other's processes.
describe.concurrent('a session', { timeout: 180_000 }, () => {
  it('whose console is killed ends at the device, which shows it no more, and is one row of the log', async () => {
    const { id, name } = the(simulated[0])
    const file = join(product.folder, 'console.json')
    writeFileSync(
      file,
      JSON.stringify({ folder: join(product.folder, 'killed'), service: product.url, token: await product.token(), room: id }),
    )
    const console = await startProcess(['main/remote/testing/consoleProcess.ts', file], z.object({ session: SessionId }))
    expect(await product.ring(name)).toBe('Amélie Laurent')
    console.child.kill('SIGKILL')
    const { session } = console.ready
    expect(await product.ring(name)).toBe('Amélie Laurent')
    // After the relay's grace time.
    await eventually('the row', async () => (await desk.rows(session)).some(({ end }) => end !== null))
    await eventually('the ring is off', async () => (await product.ring(name)) === undefined)
    expect((await desk.rows(session)).map(({ end, refusal }) => [end, refusal])).toEqual([['operatorLost', null]])
    // The room is free again.
    await desk.bridge.call('remote.end', { session: await desk.start(id) })
  })

  it('ends when a call begins in the room, and none begins under it', async () => {
    const { id, name } = the(simulated[1])
    const session = await desk.start(id)
    await product.call(name)
    expect(await reasonOf(session)).toBe('callStarted')
    expect((await desk.rows(session)).map(({ end }) => end)).toEqual(['callStarted'])
    expect(await product.ring(name)).toBeUndefined()
    await expect(desk.start(id)).rejects.toMatchObject({ code: 'remote.inCall' })
  })

  it('is the only one of its room: another operator is told who is there, until it is over', async () => {
    const { id, name } = the(simulated[2])
    const session = await desk.start(id)
    await expect(other.start(id)).rejects.toMatchObject({ code: 'remote.occupied', details: { params: { name: 'Amélie Laurent' } } })
    expect(stateOf(session)).toEqual({ state: 'live' })
    await desk.bridge.call('remote.end', { session })
    const next = await other.start(id)
    expect(await product.ring(name)).toBe('David Okafor')
    await other.bridge.call('remote.end', { session: next })
  })

  it('goes on when the device’s network was away, without a lost or doubled byte, either way; and with a program that floods', async () => {
    const last = 600_000
    const counting = program(
      'counting',
      'stty -echo',
      'echo',
      `seq 1 ${last}`,
      'while read -r line; do echo "got $line"; [ "$line" = over ] && break; done',
    )
    const session = await desk.start(machine.id)
    const terminal = openTerminal(session, 100_000)
    terminal.type(`bash ${counting}\r`)
    await until('the first numbers', () => terminal.length() >= 100_000)
    product.network.cut()
    await until('the link is lost', () => stateOf(session)?.state === 'lost')
    terminal.type('typed in the dark\r')
    product.network.resume()
    await until('the link is back', () => stateOf(session)?.state === 'live', 60_000)
    expect(terminal.text()).not.toContain(String(last))
    terminal.release()
    terminal.type('over\r')
    await until('all of it', () => terminal.end().includes('got over'), 60_000)
    const lines = terminal.text().split('\r\n')
    const numbers = lines.filter((line) => /^\d+$/.test(line))
    expect(numbers).toHaveLength(last)
    expect(numbers.every((line, at) => line === String(at + 1))).toBe(true)
    expect(lines.filter((line) => line.startsWith('got '))).toEqual(['got typed in the dark', 'got over'])
    expect((await desk.rows(session)).map(({ end }) => end)).toEqual([null])

    // A program that floods, and a window that takes nothing: what waits is bounded everywhere, since the program itself waits.
    const written = join(product.folder, 'written')
    const stopped = join(product.folder, 'stopped')
    const flood = program(
      'flood',
      `trap 'touch ${stopped}; exit' INT`,
      'n=0',
      'while :; do',
      "  printf '%0998d\\n' $((n += 1))",
      `  echo $n > ${written}`,
      'done',
    )
    const thousands = (): number => (existsSync(written) ? Number(readFileSync(written, 'utf8')) : 0)
    const before = terminal.length()
    terminal.hold()
    terminal.type(`bash ${flood}\r`)
    let [seen, still] = [0, 0]
    await eventually('the program to stand still', async () => {
      const now = thousands()
      still = now === seen && now * 1_000 > limits.bridgeStreamBytes + limits.sessionWindowBytes / 2 ? still + 1 : 0
      seen = now
      return Promise.resolve(still === 3)
    })
    const most = limits.bridgeStreamBytes + 3 * limits.sessionWindowBytes + 2 * limits.sessionSocketBytes
    expect(seen * 1_000).toBeLessThan(most)
    expect(existsSync(stopped)).toBe(false)
    terminal.type('\u0003')
    await until('the program hears it', () => existsSync(stopped))
    expect(thousands() * 1_000).toBeLessThan(most)
    terminal.release()
    await until('what waited', () => terminal.length() - before > limits.bridgeStreamBytes)
    const flooded = terminal
      .text()
      .slice(before)
      .split('\r\n')
      .filter((line) => /^\d{998}$/.test(line))
    // A terminal throws away what it has not given out when it is interrupted: the last of it.
    expect(flooded.slice(0, 1_000).map(Number)).toEqual(Array.from({ length: 1_000 }, (_, at) => at + 1))
    await desk.bridge.call('remote.end', { session })
    expect(await reasonOf(session)).toBe('operatorEnded')
  })

  it('whose service is killed, with its relay, ends: the console says so, the log has one row, and console and agent go on', async () => {
    const own = await Product.start()
    try {
      await own.startFleet(1)
      const desk = await own.console()
      const { id, name } = the((await own.allow(desk, 1, [desk.me.id]))[0])
      const session = await desk.start(id)
      expect(await own.ring(name)).toBe('Amélie Laurent')
      await own.crash(() => until('the link is lost', () => desk.view(session)?.state.state === 'lost'))
      // What it saw itself is that the device is not found again; then it asks the service.
      await until('the reason', () => reasonIn(desk, session) === 'serviceStopped', 60_000)
      expect((await desk.rows(session)).map(({ end, refusal }) => [end, refusal])).toEqual([['serviceStopped', null]])
      await eventually('the ring is off', async () => (await own.ring(name)) === undefined)
      const again = await desk.start(id)
      expect(again).not.toBe(session)
      expect(await own.ring(name)).toBe('Amélie Laurent')
      await desk.bridge.call('remote.end', { session: again })
      expect((await desk.rows(session)).map(({ end }) => end)).toEqual(['serviceStopped'])
    } finally {
      await own.stop()
    }
  })
})
