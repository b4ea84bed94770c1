import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import SyncMenu from './SyncMenu.vue'

describe('[CON-2] while the copy catches up', () => {
  it('the state says its share, and its menu the rows and how long the rest takes', async () => {
    const { core, global } = surroundings({ rooms: 1, sync: 'live' })
    const menu = mount(SyncMenu, { global, attachTo: document.body })
    core.set('sync', { state: 'catchingUp', done: 43_000, total: 175_000, leftMs: 42_000, syncedAt: null })
    await untilPasses(() => expect(menu.text()).toContain('25'))
    await menu.get('[data-testid="sync-state"]').trigger('click')
    const progress = (): string => document.querySelector('[data-testid="sync-progress"]')?.textContent ?? ''
    await untilPasses(() => expect(progress()).toBe('43,000 of 175,000 rows · 25% · About 42 s left'))
    core.set('sync', { state: 'catchingUp', done: 43_000, total: 175_000, leftMs: null, syncedAt: null })
    await untilPasses(() => expect(progress()).toBe('43,000 of 175,000 rows · 25%'))
    core.set('sync', { state: 'catchingUp', done: 0, total: 0, leftMs: null, syncedAt: null })
    await untilPasses(() => expect(progress()).toBe(''))
    menu.unmount()
  })
})
