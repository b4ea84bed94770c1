import { describe, expect, it, vi } from 'vitest'
import type { ErrorCode } from '../../../contract/errors.ts'
import { SessionEnd } from '../../../contract/remote.ts'
import { remoteGrant } from '../../fixtures/fake-remote.ts'
import { drawn } from '../../fixtures/fake-views.ts'
import { shown, withTimeHeld } from '../../fixtures/remote-tab.ts'

vi.mock('../../remote/screen-view.ts', () => import('../../fixtures/fake-views.ts'))
vi.mock('../../remote/terminal-view.ts', () => import('../../fixtures/fake-views.ts'))

withTimeHeld()

/** How a session begins, is lost for a while, and ends. */

describe('a lost link', () => {
  it('dims the picture, counts, and says whose it is; it comes back by itself', async () => {
    const { id, page, tell } = await shown({})
    const now = Date.now()
    await tell({ state: { state: 'lost', since: now - 5_000, nextTryAt: now + 4_000, until: now + 55_000 } })
    expect(page.find('.stage').classes()).toContain('dim')
    expect(id('remote-lost').text()).toContain('This console has lost its link')
    const count = (name: string): number => Number(/\d+/u.exec(id(name).text())?.[0])
    const [next, until] = [count('remote-next-try'), count('remote-until')]
    await vi.advanceTimersByTimeAsync(2_000)
    expect([next - count('remote-next-try'), until - count('remote-until')]).toEqual([2, 2])
    await tell({ state: { state: 'lost', since: now - 5_000, nextTryAt: null, until: now + 55_000 } })
    expect(id('remote-lost').text()).toContain('The device has lost its link')
    expect(id('remote-next-try').text()).toBe('Waiting for the device')
    await tell({ state: { state: 'live' } })
    expect([id('remote-lost').exists(), page.find('.stage').classes('dim'), drawn.screens.length]).toEqual([false, false, 1])
  })

  it('between window and core opens the picture again', async () => {
    const { core, settle } = await shown({})
    const { RoomkeeperError } = await import('../../../contract/errors.ts')
    drawn.screens[0]?.options.onEnded(new RoomkeeperError('bridge.timeout'))
    await vi.advanceTimersByTimeAsync(1_000)
    await settle()
    expect(core.streams.asked).toHaveLength(2)
  })

  it('of a screen says why, and tries again when asked', async () => {
    const { core, id, settle } = await shown({}, { opens: {} })
    expect(id('remote-over').find('[data-code]').attributes('data-code')).toBe('remote.screenLost')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(core.streams.asked).toHaveLength(1)
    await id('remote-reopen').trigger('click')
    await settle()
    expect(core.streams.asked).toHaveLength(2)
  })
})

describe('an ended session', () => {
  it.each(SessionEnd.options.flatMap((reason) => (['en', 'fr'] as const).map((language) => [reason, language] as const)))(
    'says why: %s, %s',
    async (reason, language) => {
      const { id } = await shown({ state: { state: 'ended', at: Date.now(), reason, code: null } }, {}, language)
      const said = id('remote-reason').text()
      expect(said).toMatch(/^\p{Lu}.{8,}\.$/u)
      expect(said).not.toContain('sessionEnd')
    },
  )

  it.each(['remote.inCall', 'remote.occupied', 'remote.noAnswer', 'relay.full'] as const satisfies ErrorCode[])(
    'says why it did not begin: %s',
    async (code) => {
      const { id } = await shown({ offers: null, state: { state: 'ended', at: Date.now(), reason: null, code } })
      expect(id('remote-ended').text()).toContain('The session did not begin')
      expect(id('remote-reason').attributes('data-reason')).toBe(code)
      expect(id('remote-reason').text()).not.toContain('error.')
    },
  )

  it('begins anew in the same way, and the old one goes', async () => {
    const { id, asked, settle, core } = await shown({ mode: 'view', state: { state: 'ended', at: Date.now(), reason: 'idle', code: null } })
    await id('remote-again').trigger('click')
    await settle()
    expect(asked('remote.start')).toEqual([expect.objectContaining({ mode: 'view' })])
    expect(core.sessions.map(({ state }) => state.state)).toEqual(['live'])
  })

  it('says what refuses another one', async () => {
    const { id, settle } = await shown(
      { state: { state: 'ended', at: Date.now(), reason: 'callStarted', code: null } },
      { fail: { 'remote.start': 'remote.inCall' } },
    )
    await id('remote-again').trigger('click')
    await settle()
    expect(id('remote-again-refused').text()).toContain('call in this room')
  })

  it('keeps the last picture, stops what was drawn, and goes when it is closed', async () => {
    const { id, tell, core, settle, page } = await shown({})
    await tell({ state: { state: 'ended', at: Date.now(), reason: 'accessWithdrawn', code: null } })
    expect(drawn.screens[0]?.view.end).toHaveBeenCalled()
    expect(page.find('.picture').element.contains(drawn.screens[0]?.view.element ?? null)).toBe(true)
    await id('remote-forget').trigger('click')
    await settle()
    expect([core.sessions, drawn.screens[0]?.view.dispose]).toEqual([[], expect.toSatisfy((dispose) => dispose.mock.calls.length === 1)])
    expect(id('remote-start').exists()).toBe(true)
  })
})

describe('no session', () => {
  it('begins one, in the way that was chosen', async () => {
    const { id, asked, settle, room } = await shown(null)
    await id('remote-start-view').trigger('click')
    await settle()
    expect(asked('remote.start')).toEqual([expect.objectContaining({ room: room.id, mode: 'view' })])
    expect(id('remote-session').attributes('data-mode')).toBe('view')
  })

  it('offers only what the roles allow', async () => {
    const view = await shown(null, { grants: [remoteGrant('remoteAccess.view')] })
    expect([view.id('remote-start-modify').exists(), view.id('remote-start-view').exists()]).toEqual([false, true])
    const none = await shown(null, { grants: [] })
    expect([none.id('remote-start-modify').exists(), none.id('remote-start-view').exists()]).toEqual([false, false])
    expect(none.id('remote-start').text()).toContain('None of your roles')
  })

  it.each([
    'remote.switchedOff',
    'remote.noLicence',
    'remote.disconnected',
    'remote.unsupported',
    'remote.inCall',
    'remote.occupied',
    'remote.noAnswer',
    'remote.refused',
    'remote.tooMany',
  ] as const)('says what refused it: %s', async (code) => {
    const { id, settle } = await shown(null, { fail: { 'remote.start': code } })
    await id('remote-start-modify').trigger('click')
    await settle()
    expect(document.querySelector('[data-testid="remote-refused"]')?.getAttribute('data-code')).toBe(code)
  })
})
