import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { ErrorCode } from '../../contract/errors.ts'
import { codeOf } from '../bridge/index.ts'

export interface Toast {
  readonly id: number
  readonly tone: 'plain' | 'problem'
  readonly text: string
  /** What could not be done, before the reason; problems only. */
  readonly code?: ErrorCode
  readonly path?: string
  readonly undo?: () => void
}

/** How long a message stays; with an undo longer, a problem until it is closed. */
const plainMs = 4_000
const undoMs = 8_000
const atMost = 4

/** Short messages at the lower edge. A fifth one takes the place of the oldest. */
export const useToasts = defineStore('toasts', () => {
  const shown = ref<Toast[]>([])
  let lastId = 0

  function close(id: number): void {
    shown.value = shown.value.filter((toast) => toast.id !== id)
  }

  function show(toast: Omit<Toast, 'id'>): void {
    const id = ++lastId
    shown.value = [...shown.value, { ...toast, id }].slice(-atMost)
    if (toast.tone === 'plain' && !toast.path) setTimeout(() => close(id), toast.undo ? undoMs : plainMs)
  }

  const say = (text: string, undo?: () => void): void => show({ tone: 'plain', text, ...(undo ? { undo } : {}) })
  const saved = (text: string, path: string): void => show({ tone: 'plain', text, path })
  /** Says what could not be done and, by its code, why. */
  const problem = (text: string, error: unknown): void => show({ tone: 'problem', text, code: codeOf(error) })

  return { shown, close, say, saved, problem }
})
