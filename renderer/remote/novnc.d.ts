/** What of @novnc/novnc 1.7 is used here; the package brings no types. */
declare module '@novnc/novnc' {
  export interface RawChannel {
    binaryType: string
    readonly protocol: string
    readonly readyState: string
    onopen: (() => void) | null
    onmessage: ((event: { data: ArrayBufferLike | ArrayBufferView }) => void) | null
    onerror: ((event: unknown) => void) | null
    onclose: ((event: { code: number; reason: string }) => void) | null
    send(bytes: Uint8Array): void
    close(): void
  }

  export interface RfbEvents {
    connect: CustomEvent<unknown>
    disconnect: CustomEvent<{ clean: boolean }>
    clipboard: CustomEvent<{ text: string }>
    desktopname: CustomEvent<{ name: string }>
  }

  export default class RFB {
    constructor(target: HTMLElement, channel: RawChannel, options?: { shared?: boolean })
    viewOnly: boolean
    scaleViewport: boolean
    clipViewport: boolean
    focusOnClick: boolean
    showDotCursor: boolean
    background: string
    /** 0 to 9. */
    qualityLevel: number
    addEventListener<N extends keyof RfbEvents>(name: N, listener: (event: RfbEvents[N]) => void): void
    disconnect(): void
    focus(options?: FocusOptions): void
    blur(): void
    sendKey(keysym: number, code: string, down?: boolean): void
    clipboardPasteFrom(text: string): void

    /** Not for callers, but nothing else says whether the device's clipboard takes more than Latin-1. By format, and by action. */
    protected readonly _clipboardServerCapabilitiesFormats: Readonly<Record<number, boolean>>
    protected readonly _clipboardServerCapabilitiesActions: Readonly<Record<number, boolean>>
    /** Not for callers, but nothing else says when a frame is finished. True: it is. */
    protected _framebufferUpdate(): boolean
    /** Not for callers, but nothing else lets go of keys that are held when the focus goes. */
    protected readonly _keyboard: { _allKeysUp(): void }
  }
}
