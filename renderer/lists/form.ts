/** What Enter means in a form, and where the focus goes in one. */

const isField = (element: Element): boolean =>
  element instanceof HTMLTextAreaElement ||
  (element instanceof HTMLInputElement && !['checkbox', 'radio', 'file', 'hidden', 'button', 'submit'].includes(element.type))

/**
 * Whether a key goes on with the form: Enter in a field of one line, and Ctrl or Command with Enter anywhere; not where somebody has had
 * a use for it. An Enter that ends a composition of letters is no such key.
 */
export function goesOn(event: KeyboardEvent): boolean {
  if (event.key !== 'Enter' || event.defaultPrevented || event.isComposing || event.altKey || event.shiftKey) return false
  if (event.ctrlKey || event.metaKey) return true
  const { target } = event
  return target instanceof Element && isField(target) && !(target instanceof HTMLTextAreaElement)
}

/** Gives the focus to the first field that can be typed into; answers whether there is one. */
export function focusFirstField(within: ParentNode): boolean {
  const fields = [...within.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input, textarea')]
  const found = fields.find((one) => isField(one) && !one.disabled)
  found?.focus({ preventScroll: true })
  return found !== undefined
}

/** Gives the focus to the first field that is wrong. */
export function focusFirstWrong(within: ParentNode): void {
  within.querySelector<HTMLElement>('[aria-invalid="true"]:not(:disabled)')?.focus()
}

/** A key in a form that is a part of its page: what goes on saves. */
export function onFormKey(event: KeyboardEvent, save: () => unknown): void {
  if (!goesOn(event)) return
  event.preventDefault()
  void save()
}
