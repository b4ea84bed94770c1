import type { RecordingEvent } from '../../../contract/recording.ts'
import type { DisplayId } from '../../../contract/remoteFacts.ts'
import type { Stage } from './player.ts'

type Picture = Extract<RecordingEvent, { type: 'picture' }>
type Written = Extract<RecordingEvent, { type: 'terminal' }>

/** What is on the stage at the moment: names of what there is to look at. */
export interface Shown {
  readonly displays: readonly DisplayId[]
  readonly terminals: readonly number[]
}

export interface StageOptions {
  /** Where a display is drawn; undefined while it is not on the page. */
  readonly canvasOf: (display: DisplayId) => HTMLCanvasElement
  /** Writes to a terminal; `clear`: it begins anew. */
  readonly write: (event: Written) => void
  readonly closeTerminal: (terminal: number) => void
  readonly onShown: (shown: Shown) => void
}

/** Draws a recording: pictures on a canvas for each display, in their order, and terminals as they were written. */
export function makeStage({ canvasOf, write, closeTerminal, onShown }: StageOptions): Stage {
  const displays = new Set<DisplayId>()
  const terminals = new Set<number>()
  /** Pictures are decoded aside and drawn in turn; what was asked for before a `clear` is not drawn any more. */
  const turns = new Map<DisplayId, Promise<void>>()
  let round = 0

  const tell = (): void => onShown({ displays: [...displays], terminals: [...terminals] })

  async function draw(event: Picture, mine: number): Promise<void> {
    const canvas = canvasOf(event.display)
    const parts = await Promise.all(
      event.parts.map(async ({ x, y, width, height, jpeg }) => ({ x, y, width, height, bitmap: await decode(jpeg) })),
    )
    if (mine !== round) return
    if (canvas.width !== event.width || canvas.height !== event.height) {
      canvas.width = event.width
      canvas.height = event.height
    }
    const context = canvas.getContext('2d')
    for (const { x, y, width, height, bitmap } of parts) {
      if (bitmap !== null) context?.drawImage(bitmap, x, y, width, height)
      bitmap?.close()
    }
  }

  return {
    clear() {
      round++
      displays.clear()
      for (const terminal of terminals) closeTerminal(terminal)
      terminals.clear()
      turns.clear()
      tell()
    },
    show(event) {
      switch (event.type) {
        case 'picture': {
          if (!displays.has(event.display)) {
            displays.add(event.display)
            tell()
          }
          const mine = round
          turns.set(
            event.display,
            (turns.get(event.display) ?? Promise.resolve()).then(() => draw(event, mine)),
          )
          return
        }
        case 'dark':
          displays.delete(event.display)
          tell()
          return
        case 'terminal':
          if (!terminals.has(event.terminal)) {
            terminals.add(event.terminal)
            tell()
          }
          write(event)
          return
        case 'terminalClosed':
          terminals.delete(event.terminal)
          closeTerminal(event.terminal)
          tell()
      }
    },
  }
}

/** A part that is not a picture is left out: what a device says is not trusted to be one. */
async function decode(jpeg: string): Promise<ImageBitmap | null> {
  try {
    const bytes = Uint8Array.from(atob(jpeg), (char) => char.charCodeAt(0))
    return await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }))
  } catch {
    return null
  }
}
