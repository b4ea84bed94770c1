import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { units } from './units.ts'

const analyze = (...args: string[]) =>
  spawnSync('systemd-analyze', args, { encoding: 'utf8', env: { ...process.env, SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' } })
const version = Number(/^systemd (\d+)/u.exec(analyze('--version').stdout ?? '')?.[1] ?? 0)

/** As systemd itself reads them. `--offline`, which needs no systemd that runs, came with version 250. */
describe.skipIf(version < 250)('[ENR-3] systemd units', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'units-'))
    const made = units({ folder: '/opt/a folder', node: process.execPath, account: 'root', groups: ['root'], shellAccount: 'daemon' })
    for (const [name, text] of Object.entries(made)) writeFileSync(join(folder, name), text)
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })
  const paths = (...names: string[]) => names.map((name) => join(folder, name))

  it('are understood', () => {
    const { stderr, status } = analyze(
      'verify',
      '--man=no',
      ...paths('roomkeeper-agent.service', 'roomkeeper-shell.socket', 'roomkeeper-shell.service'),
    )
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('confine the agent', () => {
    const { stdout } = analyze('security', '--offline=true', '--no-pager', ...paths('roomkeeper-agent.service'))
    const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/u.exec(stdout) ?? []
    // The account is root here, since another may not be on this machine: that alone counts 0.4.
    expect(Number(exposure)).toBeLessThan(2.5)
  })
})
