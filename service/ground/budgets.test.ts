import { describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { Budgets } from './budgets.ts'

/** How often it may be done before it is refused, and the seconds to wait then. */
function allowed(act: () => void): { times: number; retryAfter: unknown } {
  for (let times = 0; ; times += 1) {
    try {
      act()
    } catch (error) {
      if (!(error instanceof RoomkeeperError) || error.code !== 'rate.limited') throw error
      return { times, retryAfter: error.details.params?.['retryAfter'] }
    }
  }
}

const issuer = 'https://issuer.example'

describe('[rule 13] budgets', () => {
  it('of an address let a thousand consoles through, and one address slows down alone', () => {
    let now = 0
    const budgets = new Budgets({ now: () => now })
    expect(allowed(() => budgets.request('192.0.2.1')).times).toBe(limits.requestsPerAddressPerMinute)
    budgets.request('192.0.2.2')
    now += 1_000
    expect(allowed(() => budgets.request('192.0.2.1')).times).toBe(limits.requestsPerAddressPerMinute / 60)
    for (let n = 0; n <= limits.requestsPerAddressPerMinute; n += 1) budgets.request(undefined)
  })

  it('of a person and of their organisation are apart', () => {
    const budgets = new Budgets({ now: () => 0 })
    const person =
      (objectId: string, directory = 'contoso') =>
      () =>
        budgets.person({ issuer, directory, objectId })
    expect(allowed(person('ada'))).toEqual({ times: limits.requestsPerMinute, retryAfter: 1 })
    expect(allowed(person('bela')).times).toBe(limits.requestsPerMinute)
    person('ada', 'fabrikam')()
    let all = 0
    for (let n = 0; all < limits.requestsPerTenantPerMinute && n < 1_000; n += 1) all += allowed(person(`p${n}`, 'adatum')).times
    expect(all).toBe(limits.requestsPerTenantPerMinute)
    expect(allowed(person('nobody yet', 'adatum')).times).toBe(0)
    person('carl', 'contoso')()
  })

  it('of commands are smaller than those of requests', () => {
    const budgets = new Budgets({ now: () => 0 })
    expect(allowed(() => budgets.command({ person: 'ada', home: 'contoso' })).times).toBe(limits.commandsPerMinute)
    budgets.command({ person: 'bela', home: 'contoso' })
    expect(limits.commandsPerMinute).toBeLessThan(limits.requestsPerMinute)
    expect(limits.commandsPerTenantPerMinute).toBeLessThan(limits.requestsPerTenantPerMinute)
  })
})
