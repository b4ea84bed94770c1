import type { TileColours } from './paint.ts'

/**
 * The colours of the theme as a canvas takes them: a canvas knows no `light-dark()`, so an element is asked what it has become. With forced
 * colours (contrast themes) shapes alone tell states apart.
 */
export function coloursOf(element: HTMLElement): TileColours {
  const font = getComputedStyle(element).fontFamily
  if (matchMedia('(forced-colors: active)').matches) {
    return {
      text: 'CanvasText',
      faint: 'CanvasText',
      border: 'GrayText',
      cursor: 'Highlight',
      ground: 'Canvas',
      tone: () => 'CanvasText',
      alarm: 'CanvasText',
      onAlarm: 'Canvas',
      font,
    }
  }
  const read = (name: string): string => {
    const probe = document.createElement('span')
    // A colour that is on its way to another is neither.
    probe.style.transitionProperty = 'none'
    probe.style.color = `var(--${name})`
    element.append(probe)
    const { color } = getComputedStyle(probe)
    probe.remove()
    return color
  }
  return {
    text: read('text'),
    faint: read('text-faint'),
    border: read('border-strong'),
    cursor: read('focus'),
    ground: read('surface'),
    tone: read,
    alarm: read('important-fill'),
    onAlarm: read('on-accent'),
    font,
  }
}
