import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { settle } from '../../contract/testing/wait.ts'
import { hostileTexts } from '../devices/hostile.ts'
import { SimulatedDevice } from '../devices/simulated.ts'
import { SimulatedTerminal } from './simulated.ts'

const place = { country: 'France', city: 'Lyon', building: 'Lyon – Confluence', floor: '2', timeZone: 'Europe/Paris' }
const bytes = (text: string) => Buffer.from(text)
function make(hostile = false) {
  const clock = new FakeClock()
  const device = new SimulatedDevice({ roomName: 'Lyon 2.14 Saône', place, seed: 1, boot: 'boot', hostile })
  const told = { restarts: 0, ends: 0 }
  const terminal = new SimulatedTerminal({
    device,
    now: () => Date.parse('2026-11-19T13:07:20Z') + clock.now(),
    timers: clock,
    onRestart: () => {
      told.restarts += 1
    },
  })
  const got: Uint8Array[] = []
  terminal.onBytes((one) => got.push(one))
  terminal.onEnd(() => {
    told.ends += 1
  })
  const said = () => Buffer.concat(got).toString()
  /** What comes of a line, without colours. */
  const type = async (text: string) => {
    const before = said().length
    terminal.write(bytes(text))
    await settle()
    return said()
      .slice(before)
      .replace(/\u001b\[[\d;]*m/gu, '')
  }
  return { clock, device, terminal, told, got, said, type }
}

describe('SimulatedTerminal', () => {
  let shell: ReturnType<typeof make>
  beforeEach(async () => {
    shell = make()
    await shell.terminal.start(80, 24)
  })

  it('greets, and echoes what is typed as it is typed', async () => {
    expect(shell.said()).toContain('Lyon 2.14 Saône')
    expect(await shell.type('ec')).toBe('ec')
    expect(await shell.type('ho Grüße 👋\r')).toBe('ho Grüße 👋\r\nGrüße 👋\r\nLyon 2.14 Saône> ')
  })

  it('takes characters that come in pieces', async () => {
    const [first, second] = bytes('é')
    shell.terminal.write(bytes('echo '))
    shell.terminal.write(Buffer.of(first ?? 0))
    expect(await shell.type('')).toBe('')
    shell.terminal.write(Buffer.of(second ?? 0))
    expect(await shell.type('\r')).toContain('\r\né\r\n')
  })

  it('edits a line: erases, moves, recalls, completes, gives up', async () => {
    expect(await shell.type('echo ab\u007fc\r')).toContain('\r\nac\r\n')
    expect(await shell.type('echo bc\u001b[D\u001b[Da\r')).toContain('\r\nabc\r\n')
    expect(await shell.type('\u001b[A\u001b[A\r')).toContain('\r\nac\r\n')
    expect(await shell.type('echo two words\u0017one\u0001\u000becho \u0005x\r')).toContain('\r\nx\r\n')
    expect(await shell.type('me\t')).toBe('meetings ')
    expect(await shell.type('\u0003')).toBe('^C\r\nLyon 2.14 Saône> ')
    expect(await shell.type('e\t')).toContain('echo  exit')
    await shell.type('\u0015')
    expect(await shell.type('\u001b]0;title\u0007\u001b[999;999;999Hecho ok\r')).toContain('ok\r\n')
  })

  it('tells the truth about the device', async () => {
    expect(await shell.type('status\r')).toContain('Nothing is wrong.')
    await shell.device.setSignal('peripherals.camera', 'unhealthy', 'unplugged')
    const status = await shell.type('status\r')
    expect(status).toMatch(/peripherals\.camera\s+unhealthy\s+unplugged/u)
    expect(status).toContain('1 of 39 need attention.')
    expect(await shell.type('log\r')).toContain('peripherals.camera is unhealthy: unplugged')
    const { facts } = await shell.device.read()
    const said = await shell.type('facts\r')
    for (const fact of [facts.serial, facts.os, facts.address]) expect(said).toContain(fact)
    expect(await shell.type('network\r')).toContain(facts.address)
    await shell.device.setSignal('connectivity.network', 'unhealthy')
    expect(await shell.type('network\r')).toMatch(/Ethernet\s+down/u)
    expect(await shell.type('date\r')).toContain('(Europe/Paris)')
    expect(await shell.type('meetings\r')).toMatch(/\d\d:\d\d – \d\d:\d\d|No more meetings/u)
    expect(await shell.type('rm -rf /\r')).toContain('rm: there is no such command')
    expect(await shell.type('help\r')).toMatch(/clear[^]*exit[^]*restart[^]*stress/u)
  })

  it('lets no text of a hostile device command the operator’s terminal', async () => {
    const hostile = make(true)
    await hostile.terminal.start(80, 24)
    for (const command of ['status', 'facts', 'network', 'meetings', 'help']) await hostile.type(`${command}\r`)
    const plain = hostile.said().replace(/\u001b\[[\d;]*m/gu, '')
    expect(plain).not.toMatch(/\u001b|\u0007|\u202e/u)
    expect(hostileTexts.some((text) => plain.includes(text.slice(0, 20)))).toBe(true)
  })

  it('ends by exit, Ctrl-D and kill, once, and takes nothing afterwards', async () => {
    await shell.type('exit\r')
    expect(shell.told.ends).toBe(1)
    shell.terminal.kill()
    expect(await shell.type('echo more\r')).toBe('')
    expect(shell.told.ends).toBe(1)
    const other = make()
    await other.terminal.start(80, 24)
    await other.type('x\u0004')
    expect(other.told.ends).toBe(0)
    await other.type('\u0015\u0004')
    expect(other.told.ends).toBe(1)
  })

  it('restarts the device after its end', async () => {
    await shell.type('restart\r')
    expect(shell.told).toEqual({ restarts: 1, ends: 1 })
  })

  it('writes as many bytes as it is asked to, and stands still while nobody reads', async () => {
    const before = Buffer.concat(shell.got).length
    const written = () => Buffer.concat(shell.got).length - before
    shell.terminal.pause()
    shell.terminal.write(bytes('stress 4096\r'))
    await settle()
    shell.clock.advance(10_000)
    expect(written()).toBe(0)
    shell.terminal.resume()
    expect(written()).toBeLessThan(1024 * 1024)
    shell.clock.advance(10_000)
    expect(written()).toBe('stress 4096\r\n'.length + 4096 * 1024 + '\u001b[1;36mLyon 2.14 Saône\u001b[0m> '.length + 1)
    expect(shell.clock.waiting).toBe(0)
  })

  it('stops writing at Ctrl-C', async () => {
    shell.terminal.write(bytes('stress 1048576\r'))
    await settle()
    const length = Buffer.concat(shell.got).length
    expect(await shell.type('\u0003')).toContain('^C')
    shell.clock.advance(1_000)
    expect(Buffer.concat(shell.got).length - length).toBeLessThan(100)
    expect(await shell.type('echo on\r')).toContain('\r\non\r\n')
  })

  it('keeps no more than its limit of what nobody reads', async () => {
    shell.terminal.pause()
    for (let round = 0; round < 3_000; round += 1) shell.terminal.write(bytes('help\r'))
    await settle()
    const before = Buffer.concat(shell.got).length
    shell.terminal.resume()
    expect(Buffer.concat(shell.got).length - before).toBeLessThan(2 * limits.terminalWaitingBytes)
  })

  it('watches the device no longer than it lives', async () => {
    shell.terminal.kill()
    await shell.device.setSignal('peripherals.camera', 'unhealthy')
    expect(shell.clock.waiting).toBe(0)
  })
})
