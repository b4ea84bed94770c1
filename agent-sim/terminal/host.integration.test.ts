import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import { HostTerminal } from './host.ts'
import { killSession, startOf } from './processes.ts'

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
    terminal = listened(new HostTerminal({ timers: realSystem.clock, shell: { program: '/bin/sh' }, folder }))
    await terminal.start(91, 33)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
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
    await until(`the shell says ${word}`, () => found.test(text))
    return Number(found.exec(text)?.[1])
  }

  it('runs a shell, whose size follows', async () => {
    type('echo "sum $((40 + 2))"')
    await until('it is said', () => text.includes('sum 42'))
    type('stty size')
    await until('it is said', () => text.includes('33 91'))
    terminal.resize(120, 40)
    terminal.resize(-5, 1e9)
    type('stty size')
    await until('it is said', () => text.includes('40 120'))
  })

  it('gives the shell nothing of the agent’s environment but what it needs', async () => {
    process.env.ROOMKEEPER_SECRET_OF_TEST = 'do-not-show'
    try {
      const other = listened(new HostTerminal({ timers: realSystem.clock, shell: '/bin/sh', folder }))
      await other.start(200, 50)
      text = ''
      other.write(Buffer.from('env | sed "s/=.*//" | sort | tr "\\n" ","; echo end$((1 + 1))\n'))
      await until('it is said', () => text.includes('end2'))
      other.kill()
      const names = (/([\w,]+),end2/u.exec(text)?.[1] ?? '').split(',').filter((name) => !['_', 'SHLVL', 'OLDPWD', 'PWD'].includes(name))
      expect(names).toEqual(['HOME', 'LANG', 'PATH', 'TERM'])
    } finally {
      delete process.env.ROOMKEEPER_SECRET_OF_TEST
    }
  })

  it('[REM-9] writes UTF-8, also where the agent was started with another locale', async () => {
    for (const [locale, expected] of [
      ['C', 'C.UTF-8'],
      ['de_DE@euro', 'C.UTF-8'],
      ['fr_FR.utf8', 'fr_FR.utf8'],
    ] as const) {
      vi.stubEnv('LANG', locale)
      const other = listened(new HostTerminal({ timers: realSystem.clock, shell: '/bin/sh', folder }))
      await other.start(200, 50)
      text = ''
      other.write(Buffer.from('echo "has=$LANG;"\n'))
      await until('it is said', () => text.includes(`has=${expected};`))
      other.kill()
    }
  })

  it('ends everything that was started in it when it is killed', async () => {
    type(
      'sleep 1001 & echo "first=$!"; (trap "" HUP TERM; echo "second=$(sh -c \'echo $PPID\')"; while :; do sleep 1; done) & ' +
        'nohup sleep 1002 >/dev/null 2>&1 & echo "third=$!"',
    )
    const pids = [terminal.pid ?? 0, await numberAfter('first='), await numberAfter('second='), await numberAfter('third=')]
    expect(pids.map(alive)).toEqual([true, true, true, true])
    terminal.kill()
    expect(ends).toBe(1)
    await until('all have ended', () => !pids.some(alive))
    terminal.kill()
    terminal.write(Buffer.from('echo late\n'))
    terminal.resize(80, 24)
    expect(ends).toBe(1)
  })

  it('ends no process that only has the number of its shell', async () => {
    const pid = terminal.pid ?? 0
    killSession(pid, 'another time')
    expect(alive(pid)).toBe(true)
    killSession(pid, startOf(pid))
    await until('it has ended', () => !alive(pid))
  })

  it('ends when the shell does, with what the shell left behind', async () => {
    type('sleep 1003 & echo "left=$!"')
    const left = await numberAfter('left=')
    type('echo bye; exit')
    await until('it has ended', () => ends === 1)
    expect(text).toContain('bye')
    await until('it has ended too', () => !alive(left))
    expect(terminal.pid).toBeUndefined()
  })

  it('holds a program that floods while nobody reads, and loses nothing of it', async () => {
    const kb = 3_000
    const flood = (mark: string) =>
      `stty -echo -opost; head -c ${kb * 1024} /dev/zero | tr "\\0" x; echo done > ${join(folder, mark)}; echo "<$((1 + 1))end>"\n`
    terminal.pause()
    terminal.write(Buffer.from(flood('held')))
    // Another one that is read is through with the same: had this one not been held, so would it be.
    const other = listened(new HostTerminal({ timers: realSystem.clock, shell: '/bin/sh', folder }))
    await other.start(80, 24)
    other.write(Buffer.from(flood('free')))
    await until('the other is through', () => text.includes('<2end>'))
    other.kill()
    expect([existsSync(join(folder, 'free')), existsSync(join(folder, 'held'))]).toEqual([true, false])
    text = ''
    bytesGot = 0
    terminal.resume()
    await until('this one is through', () => text.includes('<2end>'))
    expect(bytesGot).toBeGreaterThanOrEqual(kb * 1024)
    expect(existsSync(join(folder, 'held'))).toBe(true)
  })

  it('gives a program that reads late all that was typed meanwhile', async () => {
    type('stty raw -echo; echo ready; sleep 0.5; head -c 200000 | cksum')
    await until('it is said', () => text.includes('ready\n'))
    const typed = Buffer.alloc(200_000, 'a line of text\n')
    for (let at = 0; at < typed.length; at += 7_777) terminal.write(typed.subarray(at, at + 7_777))
    const sum = execFileSync('cksum', { input: typed, encoding: 'utf8' }).trim()
    await until('all has arrived', () => text.includes(sum))
  })

  it('keeps a bounded part of what a program does not take', async () => {
    type('stty raw -echo; echo ready; sleep 1004')
    await until('it is said', () => text.includes('ready\n'))
    const piece = Buffer.alloc(64 * 1024, 'y')
    const before = process.memoryUsage().rss
    for (let round = 0; round < 4_000; round += 1) terminal.write(piece)
    // 250 MB were typed.
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * limits.terminalWaitingBytes)
    terminal.kill()
    expect(ends).toBe(1)
  })

  it('keeps few of the smallest pieces, of which each takes far more memory than its bytes', async () => {
    type('stty raw -echo; echo ready; until [ -e go ]; do sleep 0.1; done; IFS= read -r line; echo "<${#line}>"')
    await until('it is said', () => text.includes('ready\n'))
    for (let count = 0; count < 250_000; count += 1) terminal.write(Buffer.from('x'))
    writeFileSync(join(folder, 'go'), '')
    await until('the line has ended', () => {
      terminal.write(Buffer.from('\n'))
      return /<\d+>/.test(text)
    })
    expect(Number(/<(\d+)>/.exec(text)?.[1])).toBeLessThan(150_000)
  })

  it('is not started after it was killed, and says where a shell cannot be', async () => {
    const never = listened(new HostTerminal({ timers: realSystem.clock, shell: '/bin/sh', folder }))
    never.kill()
    await never.start(80, 24)
    expect(never.pid).toBeUndefined()
    const missing = listened(new HostTerminal({ timers: realSystem.clock, shell: join(folder, 'no-such-shell'), folder }))
    ends = 0
    await missing.start(80, 24).catch(() => {
      ends += 1
    })
    await until('it has ended', () => ends === 1)
  })
})
