import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { RoomId } from '../../contract/ids.ts'

export const guides = ['enrol', 'proxy', 'byHand', 'offboard'] as const
export type Guide = (typeof guides)[number]

/** A room at hand, in which something is to be reported. */
export interface ReportedRoom {
  readonly id: RoomId
  readonly name: string
  readonly building: string
}

/** Which of the shell's panels are open. */
export const useShell = defineStore('shell', () => {
  const palette = ref(false)
  const outbox = ref(false)
  const shortcuts = ref(false)
  const signOut = ref(false)
  /** The room whose page is open is to be suppressed. */
  const suppress = ref(false)
  const guide = ref<Guide | null>(null)
  /** An issue is being reported by hand (INC-4): in these rooms, or in such as are chosen then. */
  const report = shallowRef<readonly ReportedRoom[] | null>(null)
  return { palette, outbox, shortcuts, signOut, suppress, guide, report }
})
