import { reactive, shallowReactive } from 'vue'
import type { Bridge } from '../../contract/bridge.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { DisplayId } from '../../contract/remoteFacts.ts'
import type { RemoteSessionView } from '../../contract/views.ts'
import { codeOf } from '../bridge/index.ts'
import type { KeyNames } from './keys.ts'
import { adapt, type Adapting, type Level, levelOf, type QualityChoice, startAdapting } from './quality.ts'
import type { ScreenOptions, ScreenView } from './screen-view.ts'
import type { TerminalOptions, TerminalView } from './terminal-view.ts'

/** What draws: loaded when it is first needed, because it is large. */
export interface Drawers {
  screen(): Promise<(options: ScreenOptions) => ScreenView>
  terminal(): Promise<(options: TerminalOptions) => TerminalView>
}

export const drawers: Drawers = {
  screen: async () => (await import('./screen-view.ts')).openScreen,
  terminal: async () => (await import('./terminal-view.ts')).openTerminal,
}

/** How one screen or terminal stands. `code`: why it is over, where nobody said an end. */
export interface Shown {
  state: 'opening' | 'shown' | 'over'
  code: ErrorCode | null
}

export interface TerminalTab extends Shown {
  /** Its number within the session, from 1. */
  readonly number: number
}

export interface DeskState {
  /** The screen, or a terminal's number. */
  tab: 'screen' | number
  display: DisplayId | null
  /** In the whole space, else each pixel as it is. */
  fit: boolean
  choice: QualityChoice
  level: Level['name']
  keyNames: KeyNames
  /** Null: not asked for yet. */
  screen: Shown | null
  framesPerSecond: number
  /** What the device last put into its clipboard; null: nothing yet. */
  clipboard: string | null
  terminals: TerminalTab[]
}

/** Names for screen readers, in the language of the moment. */
export interface Labels {
  screen(display: DisplayId): string
  terminal(number: number): string
}

/** At one time, beside the screen. */
const terminalsAtMost = limits.sessionChannelsOpen - 1
/** After which pause a stream that this console itself has lost is opened again. */
const againMs = 1_000

/**
 * What the operator has before them of one session: which display or terminal, how it is drawn, and the elements in which
 * they are drawn, which stay while other screens of the console are shown.
 */
export function createDesk(bridge: Bridge, first: RemoteSessionView, labels: Labels, draw: Drawers = drawers) {
  let session = first
  let adapting: Adapting = startAdapting
  let disposed = false
  let opening = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastTerminal = 0
  /** The elements; not deeply reactive, they are none of Vue's. */
  const views = shallowReactive(new Map<'screen' | number, ScreenView | TerminalView>())
  let screen: ScreenView | undefined
  const terminals = new Map<number, TerminalView>()
  let onEscape: () => void = () => undefined
  let onSearch: () => void = () => undefined

  const state = reactive<DeskState>({
    tab: 'screen',
    display: null,
    fit: true,
    choice: 'auto',
    level: levelOf('auto', startAdapting).name,
    keyNames: 'character',
    screen: null,
    framesPerSecond: 0,
    clipboard: null,
    terminals: [],
  })

  function setLevel(): void {
    const level = levelOf(state.choice, adapting)
    state.level = level.name
    screen?.level(level)
  }

  async function show(display: DisplayId): Promise<void> {
    if (session.state.state === 'ended') return
    clearTimeout(timer)
    screen?.dispose()
    screen = undefined
    views.delete('screen')
    state.tab = 'screen'
    state.display = display
    state.framesPerSecond = 0
    const shown: Shown = reactive({ state: 'opening', code: null })
    state.screen = shown
    const mine = ++opening
    const openScreen = await draw.screen()
    if (disposed || mine !== opening) return
    screen = openScreen({
      open: (events) => bridge.open('remote.screen', { session: session.id, display }, events),
      viewOnly: session.mode === 'view',
      label: labels.screen(display),
      fit: state.fit,
      level: levelOf(state.choice, adapting),
      keyNames: state.keyNames,
      onShown: () => (shown.state = 'shown'),
      onEnded(error) {
        if (mine !== opening) return
        shown.state = 'over'
        shown.code = error === undefined ? null : codeOf(error)
        state.framesPerSecond = 0
        // The session itself goes on: only the way between this window and the console's core was lost.
        if (shown.code === 'bridge.timeout' && session.state.state !== 'ended') timer = setTimeout(() => void show(display), againMs)
      },
      onClipboard: (text) => (state.clipboard = text),
      onEscape: () => onEscape(),
    })
    views.set('screen', screen)
  }

  /** Opens a terminal. False: there are as many as there may be. */
  async function openTerminal(): Promise<boolean> {
    if (session.state.state === 'ended' || lastTerminal >= limits.sessionChannels) return false
    if (state.terminals.filter((one) => one.state !== 'over').length >= terminalsAtMost) return false
    const number = ++lastTerminal
    const shown: TerminalTab = reactive({ number, state: 'opening', code: null })
    state.terminals.push(shown)
    state.tab = number
    const make = await draw.terminal()
    if (disposed || !state.terminals.includes(shown)) return true
    const view = make({
      open(size, events) {
        shown.state = 'shown'
        return bridge.open('remote.terminal', { session: session.id, terminal: number, ...size }, events)
      },
      // Too late for a terminal that has just ended: that is said elsewhere.
      onResize: (size) => void bridge.call('remote.resize', { session: session.id, terminal: number, ...size }).catch(() => undefined),
      label: labels.terminal(number),
      onEnded(error) {
        shown.state = 'over'
        shown.code = error === undefined ? null : codeOf(error)
      },
      onSearch: () => onSearch(),
      onEscape: () => onEscape(),
    })
    terminals.set(number, view)
    views.set(number, view)
    return true
  }

  function closeTerminal(number: number): void {
    terminals.get(number)?.dispose()
    terminals.delete(number)
    views.delete(number)
    state.terminals = state.terminals.filter((one) => one.number !== number)
    if (state.tab === number) state.tab = state.terminals.at(-1)?.number ?? 'screen'
  }

  /** What the core says of the session now. */
  function update(next: RemoteSessionView): void {
    session = next
    if (next.state.state === 'ended') {
      clearTimeout(timer)
      screen?.end()
      for (const view of terminals.values()) view.end()
      return
    }
    const [display] = next.offers?.displays ?? []
    if (next.state.state !== 'live' || state.screen !== null || state.terminals.length > 0) return
    if (display !== undefined) void show(display)
    else if (next.offers?.terminal) void openTerminal()
  }

  return {
    state,
    views,
    show,
    openTerminal,
    closeTerminal,
    update,
    /** Once every `lookEveryMs`: what the link is like, and what follows from it. */
    look(): void {
      if (!screen || state.screen?.state !== 'shown') return
      const { framesPerSecond, frameMs } = screen.figures()
      state.framesPerSecond = framesPerSecond
      if (session.state.state !== 'live') return
      adapting = adapt(adapting, { roundTripMs: session.roundTripMs, frameMs })
      if (state.choice === 'auto') setLevel()
    },
    choose(choice: QualityChoice): void {
      state.choice = choice
      setLevel()
    },
    fit(on: boolean): void {
      state.fit = on
      screen?.fit(on)
    },
    nameKeys(names: KeyNames): void {
      state.keyNames = names
      screen?.nameKeys(names)
    },
    screen: () => screen,
    terminal: (number: number) => terminals.get(number),
    focus(): void {
      if (state.tab === 'screen') screen?.focus()
      else terminals.get(state.tab)?.focus()
    },
    retheme(): void {
      for (const view of terminals.values()) view.retheme()
    },
    /** Who shows the session hears when the keys are to come back, and when a terminal is to be searched. */
    heard(by: { onEscape(): void; onSearch(): void }): void {
      onEscape = by.onEscape
      onSearch = by.onSearch
    },
    dispose(): void {
      disposed = true
      clearTimeout(timer)
      for (const view of views.values()) view.dispose()
      views.clear()
      terminals.clear()
    },
  }
}
export type Desk = ReturnType<typeof createDesk>
