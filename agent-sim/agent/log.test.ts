import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { DeviceLog } from './log.ts'

let folder: string
let clock: FakeClock
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'))
  clock = new FakeClock()
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const openLog = (verbose = true) => new DeviceLog({ folder, now: clock.now, timers: clock, verbose })
const text = (file: string) => readFileSync(join(folder, file), 'utf8')

describe('DeviceLog', () => {
  it('writes events to the event log and to the runtime log, and an installation apart', () => {
    const log = openLog()
    log.event('warn', 'something')
    log.verbose('info', 'a detail')
    log.installation('info', 'a step')
    expect(text('installation.log')).toContain('a step')
    clock.advance(5_000)
    expect(text('events.log')).toMatch(/^\S+Z warn {2}something\n$/u)
    expect(text('runtime.log').split('\n')).toHaveLength(3)
    expect(text('runtime.log')).not.toContain('a step')
  })

  it('stays bounded, with the newest lines', () => {
    const log = openLog(false)
    for (let count = 0; count < 40; count += 1) {
      for (let line = 0; line < 60; line += 1) log.event('info', `${count} ${'x'.repeat(1_900)}`)
      log.write()
      expect(statSync(join(folder, 'events.log')).size).toBeLessThanOrEqual(limits.agentLogBytes)
    }
    expect(text('events.log')).toContain(' 39 ')
    expect(existsSync(join(folder, 'events.log.1'))).toBe(true)
    expect(existsSync(join(folder, 'runtime.log'))).toBe(false)
  })

  it('lets no text begin a line of its own', () => {
    const log = openLog()
    log.event('info', 'one\n2026-01-01T00:00:00.000Z error forged\u001b[31m')
    log.write()
    expect(text('events.log').trimEnd().split('\n')).toHaveLength(1)
    expect(text('events.log')).not.toContain('\u001b')
  })

  it('does without its folder', () => {
    const log = openLog()
    rmSync(folder, { recursive: true })
    log.event('error', 'nowhere to go')
    expect(() => {
      log.write()
    }).not.toThrow()
  })
})
