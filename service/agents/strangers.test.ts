import { describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { Strangers } from './strangers.ts'

describe('connections that have proved nothing', () => {
  it('[rule 13] are so many of one address, more when one has proved itself or gone, and another address has its own', () => {
    const strangers = new Strangers({ now: () => 0 })
    for (let n = 0; n < limits.agentStrangersPerAddress; n++) strangers.come('a')
    expect(() => strangers.come('a')).toThrow(expect.objectContaining({ code: 'rate.limited' }))
    strangers.come('b')
    strangers.leave('a')
    strangers.come('a')
  })

  it('[rule 13] may be asked for so often in a minute, by one address', () => {
    let now = 0
    const strangers = new Strangers({ now: () => now })
    const ask = () => {
      strangers.come('a')
      strangers.leave('a')
    }
    for (let n = 0; n < limits.agentConnectionsPerMinute; n++) ask()
    expect(ask).toThrow(expect.objectContaining({ code: 'rate.limited' }))
    now += 60_000
    ask()
  })
})
