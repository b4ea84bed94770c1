import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RoomList } from '../../../contract/api.ts'
import { until } from '../../../contract/testing/wait.ts'
import { TestConsole } from '../../testing/feed/console.ts'
import { demo, makeFolder, removeFolder, runCommand, TestService } from '../../testing/process.ts'
import { makeRooms } from '../../testing/rooms.ts'

let data: string
let service: TestService
beforeEach(async () => {
  data = makeFolder()
  service = await TestService.start(data, '--demo')
})
afterEach(async () => {
  await service.stop()
  removeFolder(data)
})

const rooms = async (of: TestService) => RoomList.parse((await of.ask('/v1/rooms', { token: await of.tokenOf(demo.manager) })).json)

describe('backup and restore', () => {
  it('take the data of a running service to another folder', async () => {
    await makeRooms(service, 2)
    const before = await rooms(service)
    const file = join(data, 'copies', 'backup.db')
    expect(await runCommand('backup', '--data', data, '--to', file)).toMatchObject({ code: 0, stderr: '' })
    expect(readdirSync(join(data, 'copies'))).toEqual(['backup.db'])
    await makeRooms(service, 1)

    const elsewhere = makeFolder()
    try {
      expect((await runCommand('restore', '--from', file, '--data', elsewhere)).code).toBe(0)
      const restored = await TestService.start(elsewhere)
      expect(await rooms(restored)).toEqual(before)
      await restored.stop()
    } finally {
      removeFolder(elsewhere)
    }
  })

  it('restore refuses while the service runs, and keeps what was there', async () => {
    const file = join(data, 'backup.db')
    await runCommand('backup', '--data', data, '--to', file)
    await makeRooms(service, 1)
    const running = await runCommand('restore', '--from', file, '--data', data)
    expect([running.code, running.stderr]).toEqual([1, expect.stringContaining('A service is running on')])
    expect((await rooms(service)).total).toBe(1)

    await service.stop()
    expect((await runCommand('restore', '--from', file, '--data', data)).code).toBe(0)
    service = await TestService.start(data)
    expect((await rooms(service)).total).toBe(0)
    const former = readdirSync(join(data, 'service')).find((name) => name.includes('before-restore'))
    const db = new Database(join(data, 'service', former ?? ''), { readonly: true })
    expect(db.prepare(`select count(*) as n from document where kind = 'room'`).get()).toEqual({ n: 1 })
    db.close()
  })

  it('[CON-2] begin a new generation: a console that saw more than the backup holds takes the difference', async () => {
    const [kept] = await makeRooms(service, 1)
    const file = join(data, 'backup.db')
    await runCommand('backup', '--data', data, '--to', file)
    const lost = await makeRooms(service, 2)
    const follow = async (console: TestConsole): Promise<void> => {
      console.connect()
      await console.hears('welcome')
      await until('the console to be told how to go on', () => console.heard.length > 1)
    }
    const console = new TestConsole(service.url, await service.tokenOf(demo.manager))
    await console.snapshot()
    await follow(console)
    await console.live()
    expect(console.count('room')).toBe(3)

    await service.stop()
    await runCommand('restore', '--from', file, '--data', data)
    service = await TestService.start(data)
    // As many changes as were lost, and more: the numbers alone would fit.
    const others = await makeRooms(service, 4)
    const again = new TestConsole(service.url, await service.tokenOf(demo.manager))
    again.cursor = console.cursor
    again.scope = console.scope
    await follow(again)
    await again.hears('snapshot')
    await again.snapshot()
    again.hello()
    await again.live()
    for (const device of [kept, ...others]) expect(again.doc('room', device?.enrolment.room ?? '')).toBeDefined()
    for (const device of lost) expect(again.doc('room', device.enrolment.room)).toBeUndefined()
  })

  it('say what is wrong', async () => {
    const taken = join(data, 'taken.db')
    writeFileSync(taken, 'mine')
    const onto = await runCommand('backup', '--data', data, '--to', taken)
    expect([onto.code, onto.stderr]).toEqual([1, expect.stringContaining('exists already')])
    expect(readFileSync(taken, 'utf8')).toBe('mine')
    await service.stop()
    const damaged = await runCommand('restore', '--from', taken, '--data', data)
    expect([damaged.code, damaged.stderr]).toEqual([1, expect.stringContaining('is not a backup that can be restored')])
    expect((await runCommand('backup', '--data', join(data, 'nothing'), '--to', join(data, 'b.db'))).stderr).toContain(
      'There is no service data',
    )
    expect((await runCommand('restore', '--data', data)).code).toBe(2)
    expect(existsSync(join(data, 'service', 'service.db'))).toBe(true)
  })
})

describe('a start that cannot be', () => {
  const problem = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCommand('serve', '--log-level', 'silent', ...args)
    return { code, stdout, stderr: stderr.trim() }
  }

  it('says that the folder or the port is in use, and changes nothing', async () => {
    expect(await problem('--data', data, '--port', '0')).toEqual({
      code: 1,
      stdout: '',
      stderr: `Another service uses the data folder ${data}. Stop it, or give --data another folder.`,
    })
    const other = makeFolder()
    const { port } = new URL(service.url)
    expect(await problem('--data', other, '--port', port)).toEqual({
      code: 1,
      stdout: '',
      stderr: `Port ${port} is in use. Stop what uses it, or give --port another one.`,
    })
    expect(existsSync(join(other, 'service', 'service.db'))).toBe(false)
    removeFolder(other)
  })

  it('says that the data is of a newer version', async () => {
    await service.stop()
    const db = new Database(join(data, 'service', 'service.db'))
    db.exec(`insert into "schemaVersion" values (999, 'future', 0)`)
    db.close()
    const { code, stderr } = await problem('--data', data, '--port', '0')
    expect([code, stderr]).toEqual([1, expect.stringContaining('written by a newer version of the service')])
  })

  it('names the option that is wrong', async () => {
    expect(await problem('--port', 'x')).toMatchObject({ code: 2, stderr: expect.stringContaining('--port takes a whole number') })
    expect(await problem('--host', '0.0.0.0')).toMatchObject({ code: 2, stderr: expect.stringContaining('not a loopback address') })
    expect((await runCommand('conquer')).code).toBe(2)
    for (const command of ['serve', 'token', 'backup', 'restore'])
      expect(await runCommand(command, '--help')).toMatchObject({ code: 0, stderr: '' })
  })
})

it('ends with its parent, and leaves no runtime file', async () => {
  const runtime = join(data, 'service', 'runtime.json')
  expect(existsSync(runtime)).toBe(true)
  await service.parentEnds()
  expect(existsSync(runtime)).toBe(false)
})
