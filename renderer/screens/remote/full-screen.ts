import { onBeforeUnmount, onMounted, type Ref, ref } from 'vue'

interface KeyboardLock {
  lock(codes?: readonly string[]): Promise<void>
  unlock(): void
}
const isLock = (value: unknown): value is KeyboardLock =>
  typeof value === 'object' &&
  value !== null &&
  typeof Reflect.get(value, 'lock') === 'function' &&
  typeof Reflect.get(value, 'unlock') === 'function'

/** Where a browser can: keys such as Alt+Tab and the Windows key come to the page while it has the whole screen. */
const keyboard = (): KeyboardLock | undefined => {
  const found: unknown = Reflect.get(navigator, 'keyboard')
  return isLock(found) ? found : undefined
}

/**
 * The whole screen for one part of the page. It is the page that is made large, so that menus and dialogs still show; the
 * part covers it. Where the system refuses, the part covers the window.
 */
export function useFullScreen(driven: () => boolean): { on: Ref<boolean>; toggle(): void; leave(): void } {
  const on = ref(false)

  function enter(): void {
    on.value = true
    document.documentElement
      .requestFullscreen({ navigationUI: 'hide' })
      .then(() => (driven() ? keyboard()?.lock() : undefined))
      .catch(() => undefined)
  }
  function leave(): void {
    on.value = false
    keyboard()?.unlock()
    if (document.fullscreenElement) document.exitFullscreen().catch(() => undefined)
  }
  const changed = (): void => {
    if (!document.fullscreenElement && on.value) leave()
  }
  onMounted(() => document.addEventListener('fullscreenchange', changed))
  onBeforeUnmount(() => document.removeEventListener('fullscreenchange', changed))

  return { on, toggle: () => (on.value ? leave() : enter()), leave }
}
