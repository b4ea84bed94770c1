import { nextTick, onScopeDispose } from 'vue'

/** How long after "g" its second key is waited for. */
const secondKeyMs = 1_500

type Keys = Record<string, (event: KeyboardEvent) => void>

const layers: Keys[] = []
let first: string | null = null
let firstAt = 0

/** What was typed for a field that is still on its way, and the Enter after it; null: none is. */
let early: { text: string; enter: KeyboardEvent | null } | null = null

/** A key has asked for a field that what it belongs to has to be read for first: until it has the focus, its text is kept for it. */
export function keepTyping(): void {
  if (early === null) document.addEventListener('focusin', giveTyping)
  early ??= { text: '', enter: null }
}

/** No field comes: keys mean again what they mean. */
export function dropTyping(): void {
  early = null
  document.removeEventListener('focusin', giveTyping)
}

function giveTyping({ target }: FocusEvent): void {
  if (!isField(target)) return
  const typed = early
  dropTyping()
  if (typed) void give(typed, target)
}

async function give(
  { text, enter }: { text: string; enter: KeyboardEvent | null },
  field: HTMLInputElement | HTMLTextAreaElement,
): Promise<void> {
  // Who gives a field the focus may select all of it next: the key after this would replace what is given.
  await Promise.resolve()
  if (text !== '') {
    field.setRangeText(text, field.value.length, field.value.length, 'end')
    field.dispatchEvent(new InputEvent('input', { bubbles: true, data: text, inputType: 'insertText' }))
  }
  if (enter === null) return
  // Once what was typed has been taken in.
  await nextTick()
  const { key, code, ctrlKey, metaKey, shiftKey } = enter
  field.dispatchEvent(new KeyboardEvent('keydown', { key, code, ctrlKey, metaKey, shiftKey, bubbles: true, cancelable: true }))
}

/** Takes a key into what is kept; false where it is no part of it. */
function keptKey(event: KeyboardEvent): boolean {
  if (early === null || isField(event.target)) return false
  if (event.key === 'Escape') {
    dropTyping()
    return false
  }
  if ((event.ctrlKey || event.metaKey) && event.key !== 'Enter') return false
  event.preventDefault()
  // What comes after Enter is for nothing that is there.
  if (early.enter !== null) return true
  if (event.key === 'Enter') early.enter = event
  else if (event.key === 'Backspace') early.text = early.text.slice(0, -1)
  else if (event.key.length === 1) early.text += event.key
  return true
}

/** What one types a text into. */
const isField = (target: EventTarget | null): target is HTMLInputElement | HTMLTextAreaElement =>
  target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type !== 'checkbox')

/** Typing belongs to the field, and an open dialog or menu has its own keys. */
function busy({ target }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (isField(target) || target.isContentEditable || target.tagName === 'SELECT') return true
  return !(target instanceof HTMLInputElement) && document.querySelector('[role="dialog"],[role="menu"],[role="alertdialog"]') !== null
}

function onKey(event: KeyboardEvent): void {
  // Also where the dialog is there, and its field has no focus yet.
  if (event.defaultPrevented || event.altKey || keptKey(event)) return
  const command = event.ctrlKey || event.metaKey
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  if (command) {
    run(`mod+${key}`, event)
    return
  }
  if (busy(event)) return
  // Enter and Space belong to the button or link that has the focus.
  if ((key === 'Enter' || key === ' ') && event.target instanceof HTMLElement && event.target.closest('button,a,input')) return
  const sequence = first !== null && Date.now() - firstAt < secondKeyMs ? `${first} ${key}` : null
  first = null
  if (sequence !== null && run(sequence, event)) return
  // Shift is part of the key where it makes no other character: letters, and keys with a name.
  const shifted = event.shiftKey && (event.key.length > 1 || /^[a-z]$/u.test(key))
  if (run(shifted ? `shift+${key}` : key, event)) return
  if (key === 'g') {
    first = 'g'
    firstAt = Date.now()
  }
}

function run(key: string, event: KeyboardEvent): boolean {
  for (let i = layers.length - 1; i >= 0; i--) {
    const action = layers[i]?.[key]
    if (!action) continue
    event.preventDefault()
    action(event)
    return true
  }
  return false
}

/**
 * Keys that work while the caller's scope lives: "j", "Enter", "?", "g i" (one after the other), "mod+k" (Ctrl or
 * Command; also while typing). The newest scope that knows a key has it.
 */
export function useShortcuts(keys: Keys): void {
  if (layers.length === 0) window.addEventListener('keydown', onKey)
  layers.push(keys)
  onScopeDispose(() => {
    layers.splice(layers.indexOf(keys), 1)
    if (layers.length === 0) window.removeEventListener('keydown', onKey)
  })
}
