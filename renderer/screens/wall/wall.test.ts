import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { all, appears, at } from '../../fixtures/by-test-id.ts'
import type { FakeOptions } from '../../fixtures/fake-core.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { wallOptions } from './options.ts'
import Wall from './Wall.vue'

const mounted: { unmount(): void }[] = []
afterEach(() => {
  for (const one of mounted.splice(0)) one.unmount()
  document.body.innerHTML = ''
  vi.useRealTimers()
})

async function open(address = '/wall', options: FakeOptions = {}) {
  const made = surroundings({ rooms: 90, ...options })
  await made.router.push(address)
  mounted.push(mount(Wall, { attachTo: document.body, global: made.global }))
  return made
}

describe('[ROM-2] the wall', () => {
  it('has nothing to press, and says what needs action', async () => {
    await open()
    await appears('wall-site')
    expect(document.querySelectorAll('button, a, input, [tabindex]')).toHaveLength(0)
    expect(at('wall-site')?.innerText).toBe('All sites')
    expect(all('wall-incident').length).toBeGreaterThan(0)
    expect(at('wall')?.dataset['old']).toBe('false')
  })

  it('goes through its sites, each for as long as its address says', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { core } = await open('/wall?by=city&seconds=20&place=Lyon&place=London')
    await untilPasses(() => expect(at('wall-site')?.innerText).toBe('Lyon'))
    expect(core.asked.find(({ name }) => name === 'wall.read')?.input).toEqual({ by: 'city', places: ['Lyon', 'London'] })
    vi.advanceTimersByTime(19_000)
    await untilPasses(() => expect(at('wall-site')?.innerText).toBe('Lyon'))
    vi.advanceTimersByTime(1_000)
    await untilPasses(() => expect(at('wall-site')?.innerText).toBe('London'))
    vi.advanceTimersByTime(20_000)
    await untilPasses(() => expect(at('wall-site')?.innerText).toBe('Lyon'))
  })

  it.each([
    ['offline', 'OFFLINE'],
    ['never', 'NO DATA YET'],
  ] as const)('[CON-2] says loudly that its data is not current: %s', async (sync, said) => {
    await open('/wall', { sync })
    await untilPasses(() => expect(at('wall-loud')?.innerText).toContain(said))
    expect(at('wall-loud')?.getAttribute('role')).toBe('alert')
  })

  it('takes what its address says wrongly as if it were not said', () => {
    expect(wallOptions({ by: 'planet', seconds: '0', theme: 'pink', language: 'de', place: null })).toEqual({
      by: 'building',
      places: [],
      seconds: 15,
      theme: undefined,
      language: undefined,
    })
    expect(wallOptions({ by: 'city', seconds: '30', theme: 'dark', language: 'fr', place: ['A, B', 'C'] })).toEqual({
      by: 'city',
      places: ['A, B', 'C'],
      seconds: 30,
      theme: 'dark',
      language: 'fr',
    })
  })
})
