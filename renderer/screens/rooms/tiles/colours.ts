import type { Tone } from '../../../words/state.ts'
import type { TileColours } from './paint.ts'

const tones: readonly Tone[] = ['healthy', 'important', 'warning', 'disconnected', 'suppressed', 'onboarding', 'unknown']

/**
 * The colours of the theme as a canvas takes them: a canvas knows no `light-dark()`, so an element is asked what it has become. With forced
 * colours (contrast themes) shapes alone tell states apart.
 */
export function coloursOf(element: HTMLElement): TileColours {
  const font = getComputedStyle(element).fontFamily
  if (matchMedia('(forced-colors: active)').matches) {
    const tone = Object.fromEntries(tones.map((one) => [one, 'CanvasText'])) as Record<Tone, string>
    return {
      text: 'CanvasText',
      faint: 'CanvasText',
      border: 'GrayText',
      cursor: 'Highlight',
      ground: 'Canvas',
      tone,
      alarm: 'CanvasText',
      onAlarm: 'Canvas',
      font,
    }
  }
  const probe = document.createElement('span')
  // A colour that is on its way to another is neither.
  probe.style.transitionProperty = 'none'
  element.append(probe)
  const read = (name: string): string => {
    probe.style.color = `var(--${name})`
    return getComputedStyle(probe).color
  }
  const colours: TileColours = {
    text: read('text'),
    faint: read('text-faint'),
    border: read('border-strong'),
    cursor: read('focus'),
    ground: read('surface'),
    tone: {
      healthy: read('healthy'),
      important: read('important'),
      warning: read('warning'),
      disconnected: read('disconnected'),
      suppressed: read('suppressed'),
      onboarding: read('onboarding'),
      unknown: read('unknown'),
    },
    alarm: read('important-fill'),
    onAlarm: read('on-accent'),
    font,
  }
  probe.remove()
  return colours
}
