/**
 * Runs `make` with style elements that are constructable style sheets instead: the content security policy takes no
 * inline styles, but sheets that a script makes. Whatever text `make`, or later its maker, puts into such an element
 * becomes the sheet; its `remove()` takes the sheet away. Only what is made while `make` runs is changed.
 */
export function withAdoptedStyles<T>(make: () => T): T {
  const own = document.createElement.bind(document)
  const create = (name: string, options?: ElementCreationOptions): HTMLElement =>
    name.toLowerCase() === 'style' ? adoptedStyle(own('template')) : own(name, options)
  Object.defineProperty(document, 'createElement', { value: create, configurable: true, writable: true })
  try {
    return make()
  } finally {
    // The one of the prototype is there again.
    Reflect.deleteProperty(document, 'createElement')
  }
}

/** Makes an element that shows nothing behave as a style element does for who writes text into it. */
function adoptedStyle(element: HTMLElement): HTMLElement {
  const sheet = new CSSStyleSheet()
  let text = ''
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
  Object.defineProperty(element, 'textContent', {
    get: () => text,
    set: (value: string) => {
      text = value
      sheet.replaceSync(value)
    },
  })
  Object.defineProperty(element, 'remove', {
    value: () => {
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet)
      Element.prototype.remove.call(element)
    },
  })
  return element
}

const inside = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined

/**
 * xterm sets colours that are no theme's as a style attribute, which the policy refuses; through the object model they
 * are taken. It has no option for that, so its row factory is given another way to set them.
 */
export function styleCellsByObject(terminal: unknown): void {
  const factory = ['_core', '_renderService', '_renderer', 'value', '_rowFactory'].reduce(inside, terminal)
  if (typeof factory !== 'object' || factory === null) return
  Reflect.set(factory, '_addStyle', (cell: HTMLElement, style: string) => {
    cell.style.cssText += `;${style}`
  })
}
