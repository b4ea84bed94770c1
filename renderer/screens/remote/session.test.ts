import { describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { drawn } from '../../fixtures/fake-views.ts'
import { devices, shown, withTimeHeld } from '../../fixtures/remote-tab.ts'

vi.mock('../../remote/screen-view.ts', () => import('../../fixtures/fake-views.ts'))
vi.mock('../../remote/terminal-view.ts', () => import('../../fixtures/fake-views.ts'))

withTimeHeld()

describe('a session that drives', () => {
  it('shows the first display, in a red frame, and the keys go there', async () => {
    const { id, core, page } = await shown({})
    expect(core.streams.asked).toEqual([
      expect.objectContaining({ name: 'remote.screen', input: expect.objectContaining({ display: 'console' }) }),
    ])
    expect(page.find('.stage').classes()).toContain('driven')
    expect(id('remote-mode').text()).toBe('Control')
    expect(drawn.screens[0]?.options.viewOnly).toBe(false)
    expect(drawn.screens[0]?.view.focus).toHaveBeenCalled()
  })

  it('has the commands of a session', async () => {
    const { id } = await shown({})
    for (const name of [
      'remote-keys',
      'remote-clipboard',
      'remote-restart',
      'remote-restart-at-end',
      'remote-terminal-new',
      'remote-view-menu',
      'remote-full',
      'remote-help',
      'remote-end',
    ]) {
      expect([name, id(name).exists()]).toEqual([name, true])
    }
  })

  it('switches the display, and closes the stream of the one before', async () => {
    const { id, core, settle } = await shown({})
    await id('remote-display-frontOfRoom1').trigger('click')
    await settle()
    expect(core.streams.asked.map(({ input }) => (input as { display: string }).display)).toEqual(['console', 'frontOfRoom1'])
    expect([drawn.screens[0]?.view.dispose, devices[0]?.over]).toEqual([
      expect.toSatisfy((dispose) => dispose.mock.calls.length === 1),
      true,
    ])
  })

  it('restarts the device only after it was asked, and changes what happens at the end', async () => {
    const { id, asked, settle } = await shown({})
    await id('remote-restart').trigger('click')
    await settle()
    expect(asked('remote.restart')).toEqual([])
    document.querySelector<HTMLElement>('[data-testid="remote-restart-now"]')?.click()
    await settle()
    expect(asked('remote.restart')).toHaveLength(1)
    expect(id('remote-reason').attributes('data-reason')).toBe('restarted')
  })

  it('switches off what the device does at the end, for this session', async () => {
    const { id, asked, settle } = await shown({})
    await id('remote-restart-at-end').trigger('click')
    await settle()
    expect(asked('remote.restartAtEnd')).toEqual([expect.objectContaining({ on: false })])
    expect(id('remote-restart-at-end').attributes('aria-checked')).toBe('false')
  })

  it('shows the clipboard of the device and sends a text of one’s own, and nothing by itself', async () => {
    const { id, settle } = await shown({})
    drawn.screens[0]?.options.onClipboard('copied there')
    await id('remote-clipboard').trigger('click')
    await settle()
    expect(id('remote-theirs').text()).toBe('copied there')
    expect(drawn.screens[0]?.view.sendText).not.toHaveBeenCalled()
    await id('remote-own').setValue('for the device')
    await id('remote-send-text').trigger('click')
    expect(drawn.screens[0]?.view.sendText).toHaveBeenCalledExactlyOnceWith('for the device')
  })

  it('[REM-5] closes the clipboard panel by Escape, and stays where it is', async () => {
    const { id } = await shown({})
    drawn.screens[0]?.options.onClipboard('copied there')
    await id('remote-clipboard').trigger('click')
    await id('remote-clipboard-panel').find('textarea').trigger('keydown', { key: 'Escape' })
    expect([id('remote-clipboard-panel').exists(), id('remote-clipboard').exists()]).toEqual([false, true])
  })

  it('says which characters the clipboard of the device cannot take, before and after they are sent', async () => {
    const { id, settle } = await shown({})
    await id('remote-clipboard').trigger('click')
    await settle()
    await id('remote-own').setValue('plain')
    expect(id('remote-unsendable').exists()).toBe(false)
    Object.assign(drawn.screens[0]?.view ?? {}, { unsendable: () => ['€', '会'] })
    await id('remote-own').setValue('€ 会')
    expect(id('remote-unsendable').text()).toContain('€ 会')
    await id('remote-send-text').trigger('click')
    expect(id('remote-clipboard-panel').text()).toContain('Sent, with question marks')
  })

  it('types a text key by key, and names keys in the other way when told, for the next display too', async () => {
    const { id, settle } = await shown({})
    await id('remote-clipboard').trigger('click')
    await settle()
    await id('remote-own').setValue('会議室 👍')
    await id('remote-type-text').trigger('click')
    expect(drawn.screens[0]?.view.type).toHaveBeenCalledExactlyOnceWith('会議室 👍')
    expect(id('remote-clipboard-panel').text()).toContain('Typed')
    expect(drawn.screens[0]?.options.keyNames).toBe('character')
  })

  it('gives the keys back to the toolbar', async () => {
    const { id } = await shown({})
    drawn.screens[0]?.options.onEscape()
    await nextTick()
    expect(document.activeElement).toBe(id('remote-mode').element)
  })

  it('opens terminals beside the screen, as many as may be open, and closes them', async () => {
    const { id, core, settle, toasts } = await shown({})
    for (let n = 0; n < 8; n++) {
      await id('remote-terminal-new').trigger('click')
      await settle()
    }
    const terminals = core.streams.asked.filter(({ name }) => name === 'remote.terminal')
    expect(terminals.map(({ input }) => (input as { terminal: number }).terminal)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(toasts.shown.at(-1)?.text).toContain('No more terminals')
    await id('remote-terminal-close-7').trigger('click')
    await settle()
    expect(drawn.terminals[6]?.view.dispose).toHaveBeenCalled()
    expect(id('remote-terminal-6').attributes('aria-pressed')).toBe('true')
  })

  it('says that a terminal has ended, and opens a new one', async () => {
    const { id, settle, core } = await shown({})
    await id('remote-terminal-new').trigger('click')
    await settle()
    drawn.terminals[0]?.options.onEnded()
    await settle()
    expect(id('remote-over').exists()).toBe(true)
    await id('remote-reopen').trigger('click')
    await settle()
    expect(core.streams.asked.at(-1)?.input).toMatchObject({ terminal: 2 })
    expect(id('remote-over').exists()).toBe(false)
  })
})

describe('a session that looks', () => {
  it('has no way to drive, and says so', async () => {
    const { id, page } = await shown({ mode: 'view' })
    for (const name of ['remote-keys', 'remote-clipboard', 'remote-restart', 'remote-restart-at-end', 'remote-terminal-new'])
      expect([name, id(name).exists()]).toEqual([name, false])
    expect(page.find('.stage').classes()).not.toContain('driven')
    expect(drawn.screens[0]?.options.viewOnly).toBe(true)
    expect(id('remote-mode').text()).toBe('View only')
    expect(id('remote-status').text()).toContain('mouse and keys stay here')
  })
})

describe('what everyone should see', () => {
  it('is that it is recorded', async () => {
    expect((await shown({ recording: true })).id('remote-recorded').text()).toBe('Recorded')
  })

  it('is how the link is', async () => {
    const { id } = await shown({ startedAt: Date.now() - 3_725_000, roundTripMs: 41.6 })
    await vi.advanceTimersByTimeAsync(2_000)
    expect(id('remote-round-trip').text()).toBe('Round trip 42 ms')
    expect(id('remote-frames').text()).toBe('30 frames/s')
    expect(id('remote-quality').attributes('data-level')).toBe('high')
    expect(id('remote-time').text()).toMatch(/^1:02:0\d$/u)
  })
})

describe('the tabs at the lower edge', () => {
  it('are there only while there are sessions', async () => {
    expect((await shown(null)).id('session-bar').exists()).toBe(false)
  })

  it('name room and kind, and lead there', async () => {
    const { id, page, room, router, settle, remote } = await shown({})
    expect(page.findAll('[data-testid="session-tab"]').map((one) => one.text())).toEqual([`${room.name}· control`])
    expect(id('session-tab').find('[data-state]').attributes('data-state')).toBe('sessionLive')
    await id('remote-terminal-new').trigger('click')
    await settle()
    expect(id('session-tab').text()).toContain('terminal')
    await id('session-tab').find('button').trigger('click')
    await settle()
    expect(router.currentRoute.value.path).toBe(`/rooms/${room.id}/remote`)
    expect(remote.looking).not.toBeNull()
  })

  it('ask once before they end a session, and close one that has ended at once', async () => {
    const { id, asked, settle, core } = await shown({})
    await id('session-close').trigger('click')
    await settle()
    expect(asked('remote.end')).toEqual([])
    document.querySelector<HTMLElement>('[data-testid="session-end"]')?.click()
    await settle()
    expect([asked('remote.end').length, asked('remote.forget').length, core.sessions.length]).toEqual([1, 1, 0])
  })

  it('keep what is drawn while another screen is shown', async () => {
    const { page, core, room, settle } = await shown({})
    page.unmount()
    await settle()
    expect([drawn.screens[0]?.view.dispose, devices[0]?.over]).toEqual([
      expect.toSatisfy((dispose) => dispose.mock.calls.length === 0),
      false,
    ])
    expect(core.sessions[0]?.room).toBe(room.id)
  })

  it('say why a session ended that is not looked at', async () => {
    const { tell, remote, toasts, room } = await shown({})
    remote.looking = null
    await tell({ state: { state: 'ended', at: Date.now(), reason: 'switchedOff', code: null } })
    expect(toasts.shown.map(({ text }) => text)).toEqual([
      `The session with ${room.name} has ended. Remote access was switched off for the organisation.`,
    ])
  })
})
