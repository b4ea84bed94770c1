import { useConsole } from '../stores/console.ts'

/** Where the list of rooms was last, with its filters, its search and its order, and whose that was. */
let kept = { whose: '', path: '/rooms' }

/** The way back from a room to its list. Another person, and another organisation, have none of it: what was typed is not theirs. */
export function useWayBack() {
  const core = useConsole()
  const whose = (): string => `${core.me?.id ?? ''} ${core.entered ?? ''}`
  return {
    /** The list is at this address now. */
    keep(path: string): void {
      kept = { whose: whose(), path }
    },
    toRooms: (): string => (kept.whose === whose() ? kept.path : '/rooms'),
  }
}
