import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { until } from '../testing/until.ts'
import { HostTerminal } from './host.ts'

const onWindows = process.platform === 'win32'

describe.skipIf(onWindows)('HostTerminal', () => {
  let folder: string
  let terminal: HostTerminal
  let text: string
  let ends: number
  let bytesGot: number

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'terminal-'))
    text = ''
    ends = 0
    bytesGot = 0
    terminal = listened(new HostTerminal({ shell: { program: '/bin/sh' }, folder }))
    await terminal.start(91, 33)
  })
  afterEach(() => {
    terminal.kill()
    rmSync(folder, { recursive: true, force: true })
  })

  function listened(one: HostTerminal): HostTerminal {
    one.onBytes((bytes) => {
      bytesGot += bytes.length
      // Enough for what the tests look for.
      text = (text + Buffer.from(bytes).toString()).slice(-100_000)
    })
    one.onEnd(() => {
      ends += 1
    })
    return one
  }
  const type = (line: string) => {
    terminal.write(Buffer.from(`${line}\n`))
  }
  const alive = (pid: number) => {
    try {
      process.kill(pid, 0)
      return !/^State:\s+Z/mu.test(existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '')
    } catch {
      return false
    }
  }
  /** The number that the shell says behind a word. */
  const numberAfter = async (word: string) => {
    const found = new RegExp(`${word}(\\d+)\\D`, 'u')
    await until(() => found.test(text))
    return Number(found.exec(text)?.[1])
  }

  it('runs a shell, whose size follows', async () => {
    type('echo "sum $((40 + 2))"')
    await until(() => text.includes('sum 42'))
    type('stty size')
    await until(() => text.includes('33 91'))
    terminal.resize(120, 40)
    terminal.resize(-5, 1e9)
    type('stty size')
    await until(() => text.includes('40 120'))
  })

  it('gives the shell nothing of the agent’s environment but what it needs', async () => {
    process.env.ROOMKEEPER_SECRET_OF_TEST = 'do-not-show'
    try {
      const other = listened(new HostTerminal({ shell: '/bin/sh', folder }))
      await other.start(200, 50)
      text = ''
      other.write(Buffer.from('env | sed "s/=.*//" | sort | tr "\\n" ","; echo end$((1 + 1))\n'))
      await until(() => text.includes('end2'))
      other.kill()
      const names = (/^([\w,]+),end2/mu.exec(text)?.[1] ?? '').split(',').filter((name) => !['_', 'SHLVL', 'OLDPWD', 'PWD'].includes(name))
      expect(names).toEqual(['HOME', 'LANG', 'PATH', 'TERM'])
    } finally {
      delete process.env.ROOMKEEPER_SECRET_OF_TEST
    }
  })

  it('ends everything that was started in it when it is killed', async () => {
    type('sleep 1001 & echo "first=$!"; (trap "" HUP TERM; echo "second=$(sh -c \'echo $PPID\')"; while :; do sleep 1; done) & nohup sleep 1002 >/dev/null 2>&1 & echo "third=$!"')
    const pids = [terminal.pid ?? 0, await numberAfter('first='), await numberAfter('second='), await numberAfter('third=')]
    expect(pids.map(alive)).toEqual([true, true, true, true])
    terminal.kill()
    expect(ends).toBe(1)
    await until(() => !pids.some(alive))
    terminal.kill()
    terminal.write(Buffer.from('echo late\n'))
    terminal.resize(80, 24)
    expect(ends).toBe(1)
  })

  it('ends when the shell does, with what the shell left behind', async () => {
    type('sleep 1003 & echo "left=$!"')
    const left = await numberAfter('left=')
    type('echo bye; exit')
    await until(() => ends === 1)
    expect(text).toContain('bye')
    await until(() => !alive(left))
    expect(terminal.pid).toBeUndefined()
  })

  it('holds a program that floods while nobody reads, and loses nothing of it', async () => {
    const kb = 3_000
    const counter = join(folder, 'counted')
    type(`stty -echo -onlcr; echo go`)
    await until(() => /go\r?\n/u.test(text))
    terminal.pause()
    const before = bytesGot
    type(`head -c ${kb * 1024} /dev/zero | tr "\\0" x; echo done > ${counter}; echo "<end>"`)
    // It would be through in a moment if it were not held.
    await new Promise((done) => setTimeout(done, 700))
    expect(existsSync(counter)).toBe(false)
    expect(bytesGot - before).toBe(0)
    terminal.resume()
    await until(() => text.includes('<end>'))
    expect(bytesGot - before).toBeGreaterThanOrEqual(kb * 1024)
    expect(existsSync(counter)).toBe(true)
  })

  it('keeps a bounded part of what a program does not take', async () => {
    type('stty raw -echo; echo ready; sleep 1004')
    await until(() => text.includes('ready\n'))
    const piece = Buffer.alloc(64 * 1024, 'y')
    const before = process.memoryUsage().rss
    for (let round = 0; round < 4_000; round += 1) terminal.write(piece)
    // 250 MB were typed.
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * limits.terminalWaitingBytes)
    terminal.kill()
    expect(ends).toBe(1)
  })

  it('is not started after it was killed, and says where a shell cannot be', async () => {
    const never = listened(new HostTerminal({ shell: '/bin/sh', folder }))
    never.kill()
    await never.start(80, 24)
    expect(never.pid).toBeUndefined()
    const missing = listened(new HostTerminal({ shell: join(folder, 'no-such-shell'), folder }))
    ends = 0
    await missing.start(80, 24).catch(() => {
      ends += 1
    })
    await until(() => ends === 1)
  })
})
