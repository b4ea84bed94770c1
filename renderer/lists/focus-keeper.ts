import { onBeforeUnmount, onMounted } from 'vue'

/** Where the focus has been, the latest last, each with the parts of the page around it that can have it: a pane, a dialog, the screen. */
interface Place {
  readonly element: HTMLElement
  readonly around: readonly HTMLElement[]
}
const places: Place[] = []
const placesAtMost = 32

function around(element: Element): HTMLElement[] {
  const found: HTMLElement[] = []
  for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) if (at.hasAttribute('tabindex')) found.push(at)
  return found
}

/** Gives it the focus; answers whether it took it, which nothing does that is gone, hidden or disabled. */
function gives(element: HTMLElement): boolean {
  element.focus({ preventScroll: true })
  return document.activeElement === element
}

/** Leaves a field or a row for the part of the page that it is in. */
export function leave(element: HTMLElement): void {
  if (!around(element).some(gives)) element.blur()
}

/** Whether nothing has the focus that can be pressed. A browser takes it from what was disabled only when it draws. */
const isLost = (): boolean => document.activeElement === document.body || document.activeElement?.matches(':disabled') === true

/** What is busy and had the focus until then: it has it again afterwards. */
let busy: HTMLElement | null = null

/** What had the focus went away with it: it goes on in what is left around, at the place before where that is in there too. */
function restore(): void {
  const last = places.at(-1)
  if (!isLost() || !last) return
  if (last.element.isConnected) {
    if (last.element.matches('[aria-busy="true"]')) return void (busy = last.element)
    if (!last.element.matches(':disabled')) return void (busy === last.element && gives(busy))
  }
  const left = last.around.find((one) => one.isConnected)
  const earlier = places.slice(0, -1).reverse()
  const before = earlier.find(({ element }) => element.isConnected)
  if (left && before && left.contains(before.element) && gives(before.element)) return
  if (left && gives(left)) return
  // A menu or a dialog has nothing around it: what it was opened from does.
  earlier.some(({ element, around: parts }) => [element, ...parts].some(gives))
}

function arrived({ target }: FocusEvent): void {
  if (!(target instanceof HTMLElement)) return
  busy = null
  places.push({ element: target, around: around(target) })
  if (places.length > placesAtMost) places.shift()
}

/**
 * While the caller lives, the focus is never lost to the whole window because a button, a note or a menu has gone: neither keys nor a
 * screen reader begin at the top again. Who takes the focus by themselves comes first.
 */
export function useFocusKeeper(): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const changes = new MutationObserver(() => {
    if (!isLost()) return
    clearTimeout(timer)
    timer = setTimeout(restore)
  })
  onMounted(() => {
    document.addEventListener('focusin', arrived)
    changes.observe(document.body, { childList: true, subtree: true, attributeFilter: ['disabled', 'aria-busy'] })
  })
  onBeforeUnmount(() => {
    clearTimeout(timer)
    changes.disconnect()
    document.removeEventListener('focusin', arrived)
    places.length = 0
  })
}
