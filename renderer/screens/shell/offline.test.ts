import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import OfflineBanner from './OfflineBanner.vue'

describe('[CON-2] while the console is offline', () => {
  it.each([
    ['offline', 'Offline since'],
    ['workOffline', 'Working offline since'],
  ] as const)('one line says since when, and how old everything is (%s)', async (sync, words) => {
    const banner = mount(OfflineBanner, { global: surroundings({ rooms: 1, sync }).global })
    await untilPasses(() => expect(banner.text()).toContain('4 min old'))
    expect(banner.text()).toContain(words)
  })

  it('the line is not there otherwise', async () => {
    const { core, global } = surroundings({ rooms: 1, sync: 'offline' })
    const banner = mount(OfflineBanner, { global })
    await untilPasses(() => expect(banner.text()).not.toBe(''))
    core.set('sync', { state: 'live', syncedAt: Date.now() })
    await untilPasses(() => expect(banner.text()).toBe(''))
  })
})
