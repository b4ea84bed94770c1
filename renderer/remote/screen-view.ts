import RFB from '@novnc/novnc'
import type { BridgeStream, StreamEvents } from '../../contract/bridge.ts'
import { StreamChannel } from './channel.ts'
import { type Combination, combinations, type KeyNames, pressAll, typeText, watchEscape } from './keys.ts'
import { Pace } from './pace.ts'
import { PlainClipboard } from './plain-clipboard.ts'
import type { Level } from './quality.ts'

export interface ScreenOptions {
  open(events: StreamEvents): BridgeStream
  /** No key and no pointer leaves this end; the device would drop them anyway. */
  viewOnly: boolean
  /** What screen readers call it. */
  label: string
  fit: boolean
  level: Level
  keyNames: KeyNames
  /** The first picture is there. */
  onShown(): void
  /** The stream is over; the last picture stays. */
  onEnded(error?: Error): void
  onClipboard(text: string): void
  /** Ctrl+Alt+Shift: the keys are to come back. */
  onEscape(): void
}

/** A screen of a device, in an element of its own that is put into the page wherever it is to be seen. */
export interface ScreenView {
  readonly element: HTMLElement
  focus(): void
  press(keys: Combination): void
  /** Types a text, as if each of its characters had a key. */
  type(text: string): void
  /** What keys are called, where the device takes both; else by what they write. */
  nameKeys(names: KeyNames): void
  /** Puts a text into the device's clipboard; `unsendable` characters become question marks. */
  sendText(text: string): void
  /** Characters of a text that the device's clipboard cannot take, each once: those beyond Latin-1, where it has only that. */
  unsendable(text: string): string[]
  /** In the whole space, else each pixel as it is. */
  fit(on: boolean): void
  level(level: Level): void
  figures(): { framesPerSecond: number; frameMs: number | null }
  /** The session is over: the last picture stays. */
  end(): void
  dispose(): void
}

/** noVNC that says when a frame is finished, and lets go of keys when the focus goes. */
class CountingRfb extends RFB {
  private onFrame: ((ms: number) => void) | undefined
  private startedAt: number | undefined
  keyNames: KeyNames = 'character'

  counted(onFrame: (ms: number) => void): this {
    this.onFrame = onFrame
    return this
  }

  /** Whether the other end has the extended clipboard, which is UTF-8. */
  takesAnyText(): boolean {
    const [text, notify] = [1, 1 << 27]
    return this._clipboardServerCapabilitiesFormats[text] === true && this._clipboardServerCapabilitiesActions[notify] === true
  }

  /** Without a place, noVNC says what the key writes. */
  override sendKey(keysym: number, code: string, down?: boolean): void {
    super.sendKey(keysym, this.keyNames === 'position' || keysym === 0 ? code : '', down)
  }

  releaseKeys(): void {
    this._keyboard._allKeysUp()
  }

  protected override _framebufferUpdate(): boolean {
    const startedAt = (this.startedAt ??= performance.now())
    const finished = super._framebufferUpdate()
    if (finished) {
      this.startedAt = undefined
      this.onFrame?.(performance.now() - startedAt)
    }
    return finished
  }
}

export function openScreen(options: ScreenOptions): ScreenView {
  const element = document.createElement('div')
  element.className = 'screen-view'
  const pace = new Pace(() => performance.now())
  let shown = false
  let disposed = false

  const channel = new StreamChannel((error) => {
    if (disposed) return
    keepPicture(element)
    options.onEnded(error)
  })
  const rfb = new CountingRfb(element, channel, { shared: true }).counted((ms) => {
    pace.frame(ms)
    if (shown) return
    shown = true
    options.onShown()
  })
  rfb.viewOnly = options.viewOnly
  rfb.scaleViewport = options.fit
  rfb.focusOnClick = true
  // Not every server draws a cursor.
  rfb.showDotCursor = !options.viewOnly
  rfb.background = 'transparent'
  rfb.qualityLevel = options.level.quality
  rfb.keyNames = options.keyNames
  const plain = new PlainClipboard()
  rfb.addEventListener('clipboard', ({ detail }) => options.onClipboard(rfb.takesAnyText() ? detail.text : plain.read(detail.text)))

  const canvas = element.querySelector('canvas')
  if (canvas) {
    canvas.tabIndex = 0
    canvas.setAttribute('role', options.viewOnly ? 'img' : 'application')
    canvas.setAttribute('aria-label', options.label)
    canvas.addEventListener('blur', () => rfb.releaseKeys())
  }
  const unwatch = watchEscape(element, () => {
    rfb.releaseKeys()
    options.onEscape()
  })
  channel.connect(options.open)

  return {
    element,
    focus: () => rfb.focus({ preventScroll: true }),
    press: (keys) => pressAll(combinations[keys], (keysym, code, down) => rfb.sendKey(keysym, code, down)),
    type: (text) => typeText(text, (keysym, code, down) => rfb.sendKey(keysym, code, down)),
    nameKeys(names) {
      // What is down was named in the other way.
      rfb.releaseKeys()
      rfb.keyNames = names
    },
    sendText: (text) => rfb.clipboardPasteFrom(rfb.takesAnyText() ? text : plain.write(text)),
    unsendable: (text) => (rfb.takesAnyText() ? [] : plain.unsendable(text)),
    fit: (on) => (rfb.scaleViewport = on),
    level: ({ quality }) => (rfb.qualityLevel = quality),
    figures: () => ({ framesPerSecond: pace.perSecond(), frameMs: pace.frameMs() }),
    end() {
      if (channel.readyState !== 'closed') rfb.disconnect()
    },
    dispose() {
      disposed = true
      unwatch()
      if (channel.readyState !== 'closed') rfb.disconnect()
      element.remove()
    },
  }
}

/** Puts a copy of the picture in its place: noVNC takes its own away when it ends. */
function keepPicture(element: HTMLElement): void {
  const canvas = element.querySelector('canvas')
  if (!canvas || canvas.width === 0 || canvas.height === 0) return
  const still = document.createElement('canvas')
  still.className = 'still'
  still.width = canvas.width
  still.height = canvas.height
  still.setAttribute('role', 'img')
  still.setAttribute('aria-label', canvas.getAttribute('aria-label') ?? '')
  still.getContext('2d')?.drawImage(canvas, 0, 0)
  element.append(still)
}
