import { describe, expect, it } from 'vitest'
import { quoted, units } from './units.ts'

const installation = {
  folder: '/opt/roomkeeper-agent',
  node: '/opt/node',
  account: 'roomkeeper-agent',
  groups: ['tss'],
  shellAccount: 'roomkeeper-shell',
}

describe('systemd units', () => {
  it('[ENR-3] run the agent in an account of its own, and terminals in another that cannot read its keys', () => {
    const files = units(installation)
    const agent = files['roomkeeper-agent.service'] ?? ''
    expect(agent).toContain('\nUser=roomkeeper-agent\n')
    expect(agent).toContain('\nNoNewPrivileges=yes\n')
    expect(agent).toContain('\nReadWritePaths="/opt/roomkeeper-agent/.data"\n')
    const shell = files['roomkeeper-shell.service'] ?? ''
    expect(shell).toContain('\nUser=roomkeeper-shell\n')
    expect(shell).toContain('\nInaccessiblePaths="/opt/roomkeeper-agent/.data"\n')
    expect(files['roomkeeper-shell.socket']).toContain('\nSocketUser=roomkeeper-agent\nSocketMode=0600\n')
  })

  it('have no terminals where none are wanted', () => {
    expect(Object.keys(units({ ...installation, shellAccount: undefined }))).toEqual(['roomkeeper-agent.service'])
  })

  it.each([
    ['a "quoted" one', String.raw`"a \"quoted\" one"`],
    ['a last backslash\\', String.raw`"a last backslash\\"`],
    ['50 %h', '"50 %%h"'],
    ['two\nUser=root', String.raw`"two\nUser=root"`],
  ])('keep %j one word', (text, word) => {
    expect(quoted(text)).toBe(word)
  })
})
