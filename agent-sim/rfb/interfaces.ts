import type { ErrorCode } from '../../contract/errors.ts'
import type { RemoteMode } from '../../contract/remoteFacts.ts'
import type { Undo } from '../../contract/system.ts'

/** What remote screens are made of (REM-4, REM-9): pictures, simulated screens, streams of bytes, and what serves them. */

/** In pixels, from the top left. */
export interface Rect {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Something that can be looked at: a simulated screen, or a real VNC server seen through `viewPicture`. */
export interface Picture {
  readonly name: string
  /** In pixels, 1 to limits.screenPixelsAtMost. May change; `onSize` tells. */
  readonly width: number
  readonly height: number
  /** What is there now: 4 bytes a pixel (red, green, blue, 255), rows packed, a copy of its own. `rect` lies within. */
  read(rect: Rect): Uint8Array
  /** Calls with what has changed since; may say too much, never too little. */
  onDamage(listener: (rect: Rect) => void): Undo
  /** Calls after width or height have changed; all of it counts as damaged. */
  onSize(listener: () => void): Undo
}

/** A picture that can be driven: what a simulated display offers. None of these throws. */
export interface Screen extends Picture {
  /** `buttons`: bit 0 left, 1 middle, 2 right, 3 wheel up, 4 wheel down, 5 wheel left, 6 wheel right. Within the screen. */
  pointer(x: number, y: number, buttons: number): void
  /** An X11 keysym (Unicode above 0x01000100 is 0x01000000 + code point). */
  key(keysym: number, down: boolean): void
  /** The operator has copied this; lines end in \n. At most limits.clipboardBytes. */
  cutText(text: string): void
  /** Something was copied on the screen. */
  onCutText(listener: (text: string) => void): Undo
}

export interface StreamListener {
  /** Bytes came, in order. They may be kept, and are not changed afterwards. */
  bytes(bytes: Uint8Array): void
  /** After `send` has answered false: there is room again. */
  room(): void
  /** It is closed, by either side; nothing follows, and it is called once. `code`: why, where it was not asked for. */
  closed(code?: ErrorCode): void
}

/** Both directions of a channel of a session, or of a socket. Nothing comes before `listen`. */
export interface ByteStream {
  /** Once. */
  listen(listener: StreamListener): void
  /**
   * Always taken, and the bytes must not be changed afterwards. False: enough waits, send no more before `room`. Nothing
   * happens once it is closed.
   */
  send(bytes: Uint8Array): boolean
  /** Stops, and goes on, getting bytes; the other end is slowed down by it. */
  pause(): void
  resume(): void
  /** Closes it; `listener.closed` is called with the same code. What was sent before still goes. Again: nothing happens. */
  close(code?: ErrorCode): void
}

/** What has gone over one screen. */
export interface ScreenCounts {
  /** Input messages that reached the screen, and those that were dropped because the session may only look. */
  input: number
  dropped: number
  /** FramebufferUpdate messages sent. */
  updates: number
}

/** One operator who looks at one screen. */
export interface ScreenService {
  readonly counts: Readonly<ScreenCounts>
  /** Closes the stream (and the VNC server's) without a code. */
  close(): void
}

export interface ScreenOptions {
  /** To the operator: RFB, this end is the server. */
  readonly stream: ByteStream
  /** `view`: no input and no clipboard passes, whatever the operator sends (REM-4). */
  readonly mode: RemoteMode
  /** An input message reached the screen: somebody is there (the idle time of the session). */
  readonly onInput?: () => void
}

/*
 * server.ts   serveScreen({ screen, ...ScreenOptions }): ScreenService            a simulated screen
 * filter.ts   bridgeScreen({ server, password?, ...ScreenOptions }): ScreenService  a real VNC server behind `server: ByteStream`
 * viewer.ts   viewPicture({ server, password? }): Promise<Viewer>                 the same as a Picture, for the recorder
 * socket.ts   connectStream(host, port, ms, timers): Promise<ByteStream>                  a TCP connection
 */
