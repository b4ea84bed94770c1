import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { programs } from '../../contract/testing/programs.ts'
import { until } from '../../contract/testing/wait.ts'
import { ShellClient } from './shell-client.ts'
import { frames } from './shell-frames.ts'

/** The agent's side of a terminal against the command `shell` in a process of its own, as systemd starts it in another account. */
describe.skipIf(process.platform === 'win32')('[REM-9] a shell in another account', () => {
  let folder: string
  let path: string
  let host: ReturnType<typeof spawn>
  const terminals: ShellClient[] = []

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'shell-'))
    path = join(folder, 'socket')
    const args = [programs.agent, 'shell', '--listen', path, '--program', '/bin/sh', '--json', '--parent-pipe']
    host = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    if (host.stdout) await once(host.stdout, 'data')
  })
  afterEach(() => {
    for (const terminal of terminals.splice(0)) terminal.kill()
  })
  afterAll(async () => {
    if (host.exitCode === null) {
      host.kill()
      await once(host, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  })

  function open() {
    const terminal = new ShellClient(path)
    terminals.push(terminal)
    const seen = { terminal, text: '', ends: 0, type: (line: string) => void terminal.write(Buffer.from(`${line}\n`)) }
    terminal.onBytes((bytes) => {
      seen.text += Buffer.from(bytes).toString()
    })
    terminal.onEnd(() => {
      seen.ends += 1
    })
    return seen
  }

  it('is opened by nobody but the account that it is for', () => {
    expect(statSync(path).mode & 0o077).toBe(0)
  })

  it('types, follows the size, and ends when the shell does', async () => {
    const seen = open()
    await seen.terminal.start(91, 33)
    seen.type('echo "size $(stty size)"')
    await until('the size', () => seen.text.includes('size 33 91'))
    seen.terminal.resize(120, 40)
    seen.type('echo "then $(stty size)"')
    await until('the new size', () => seen.text.includes('then 40 120'))
    seen.type('exit')
    await until('its end', () => seen.ends === 1)
  })

  it('has a shell for each terminal, which ends with its connection', async () => {
    const [one, two] = [open(), open()]
    await Promise.all([one.terminal.start(80, 24), two.terminal.start(80, 24)])
    one.type('echo "mine $$."')
    await until('its number', () => /mine \d+\./u.test(one.text))
    const shell = Number(/mine (\d+)\./u.exec(one.text)?.[1])
    one.terminal.kill()
    expect(one.ends).toBe(1)
    await until('the shell to be gone', () => {
      try {
        process.kill(shell, 0)
        return false
      } catch {
        return true
      }
    })
    two.type('echo other $((1 + 1))')
    await until('the other goes on', () => two.text.includes('other 2'))
  })

  it('waits while nobody reads, and loses nothing', async () => {
    const seen = open()
    await seen.terminal.start(80, 24)
    seen.type('echo ready $((1 + 1))')
    await until('the shell', () => seen.text.includes('ready 2'))
    seen.terminal.pause()
    const before = seen.text
    // Far more than what connection and terminal hold.
    seen.type('seq 1 300000; echo "all $((40 + 2))"')
    const other = open()
    await other.terminal.start(80, 24)
    other.type('echo meanwhile $((1 + 1))')
    await until('another terminal', () => other.text.includes('meanwhile 2'))
    expect(seen.text).toBe(before)
    seen.terminal.resume()
    await until('the last line', () => seen.text.includes('all 42'))
    const numbers = [...seen.text.matchAll(/^(\d+)\r$/gmu)].map(([, number]) => Number(number))
    expect(numbers).toEqual(Array.from({ length: 300_000 }, (_, index) => index + 1))
  })

  it('says why there is none', async () => {
    await expect(new ShellClient(join(folder, 'nowhere')).start(80, 24)).rejects.toThrow('ENOENT')
    const never = new ShellClient(path)
    never.kill()
    await never.start(80, 24)
  })

  it.each([
    ['input before the start', frames('input', Buffer.from('id\n'))],
    ['a size that is none', frames('start', Buffer.from('{"columns":-1,"rows":1e9}'))],
    ['no JSON', frames('start', Buffer.from('{'))],
    ['what only the shell says', frames('output', Buffer.from('x'))],
    ['an unknown kind', Buffer.from([99, 0, 0, 0, 0])],
    ['a length beyond all bounds', Buffer.from([2, 255, 255, 255, 255])],
  ])('ends a connection that says %s, and goes on', async (_, bytes) => {
    const socket = connect(path)
    socket.on('error', () => undefined)
    socket.resume()
    socket.write(bytes)
    await once(socket, 'close')
    const seen = open()
    await seen.terminal.start(80, 24)
    seen.type('echo alive $((1 + 1))')
    await until('a shell', () => seen.text.includes('alive 2'))
  })
})
